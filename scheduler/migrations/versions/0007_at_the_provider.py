"""What the provider still keeps of a text

Revision ID: 0007
Revises: 0006
Create Date: 2026-11-22 17:50:00.000000
"""

import sqlalchemy as sa
from alembic import op
from scheduler.models.types import Instant

revision = '0007'
down_revision = '0006'
branch_labels = None
depends_on = None


def upgrade() -> None:
    key = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')
    op.create_table('provider_text',
    sa.Column('id', key, nullable=False),
    sa.Column('provider_id', sa.String(length=64), nullable=False),
    sa.Column('keeps', sa.String(length=6), nullable=False),
    sa.Column('since', Instant(), nullable=False),
    sa.Column('due_at', Instant(), nullable=False),
    sa.Column('tries', sa.Integer(), nullable=False),
    sa.CheckConstraint("keeps IN ('words', 'record')", name=op.f('ck_provider_text_keeps')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_provider_text')),
    sa.UniqueConstraint('provider_id', name=op.f('uq_provider_text_provider_id'))
    )
    with op.batch_alter_table('provider_text', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_provider_text_due_at'), ['due_at'], unique=False)
    # Texts that left before this are still kept there, words and all. Those of the handset went nowhere.
    for table in ('message', 'staff_text'):
        op.execute(
            "INSERT INTO provider_text (provider_id, keeps, since, due_at, tries) "
            "SELECT provider_id, 'words', created_at, created_at, 0 FROM " + table +
            " WHERE provider_id IS NOT NULL AND provider_id NOT LIKE 'HS%'"
        )
    op.execute(
        "INSERT INTO provider_text (provider_id, keeps, since, due_at, tries) "
        "SELECT provider_id, 'words', received_at, received_at, 0 FROM reply "
        "WHERE provider_id IS NOT NULL AND provider_id NOT LIKE 'HS%'"
    )


def downgrade() -> None:
    with op.batch_alter_table('provider_text', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_provider_text_due_at'))

    op.drop_table('provider_text')
