"""How her pages look

Revision ID: 0010
Revises: 0009
Create Date: 2026-11-22 17:50:00.000000
"""

import sqlalchemy as sa
from alembic import op
from scheduler.models.types import Instant

revision = '0010'
down_revision = '0009'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('theme',
    sa.Column('id', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('name', sa.String(length=30), nullable=False),
    sa.Column('main', sa.String(length=7), nullable=False),
    sa.Column('accent', sa.String(length=7), nullable=False),
    sa.Column('picture', sa.String(length=10), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('changed_by', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('changed_at', Instant(), nullable=False),
    sa.CheckConstraint('id = 1', name=op.f('ck_theme_only_one')),
    sa.CheckConstraint("picture IN ('hills', 'leaf', 'wave', 'bird', 'flower')", name=op.f('ck_theme_picture')),
    sa.ForeignKeyConstraint(['changed_by'], ['staff.id'], name=op.f('fk_theme_changed_by')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_theme'))
    )


def downgrade() -> None:
    op.drop_table('theme')
