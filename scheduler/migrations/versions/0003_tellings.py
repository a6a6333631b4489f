"""Who was told by one of us

Revision ID: 0003
Revises: 0002
Create Date: 2026-11-22 14:50:33.948603
"""

import sqlalchemy as sa
from alembic import op
from scheduler.models.types import Instant

revision = '0003'
down_revision = '0002'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('telling',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('appointment_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('how', sa.String(length=10), nullable=False),
    sa.Column('told_by', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('told_at', Instant(), nullable=False),
    sa.CheckConstraint("how IN ('in-person', 'call', 'other')", name=op.f('ck_telling_how')),
    sa.ForeignKeyConstraint(['appointment_id'], ['appointment.id'], name=op.f('fk_telling_appointment_id')),
    sa.ForeignKeyConstraint(['told_by'], ['staff.id'], name=op.f('fk_telling_told_by')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_telling'))
    )
    with op.batch_alter_table('telling', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_telling_appointment_id'), ['appointment_id'], unique=False)



def downgrade() -> None:
    with op.batch_alter_table('telling', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_telling_appointment_id'))

    op.drop_table('telling')
