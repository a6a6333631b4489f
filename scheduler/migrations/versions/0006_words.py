"""The words of texts, as managers set them

Revision ID: 0006
Revises: 0005
Create Date: 2026-11-22 17:50:00.000000
"""

import sqlalchemy as sa
from alembic import op
from scheduler.models.types import EncryptedText, Instant

revision = '0006'
down_revision = '0005'
branch_labels = None
depends_on = None


def upgrade() -> None:
    key = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')
    op.create_table('text_words',
    sa.Column('id', key, nullable=False),
    sa.Column('language', sa.String(length=8), nullable=False),
    sa.Column('purpose', sa.String(length=14), nullable=False),
    sa.Column('words', sa.Text(), nullable=True),
    sa.Column('changed_by', key, nullable=True),
    sa.Column('changed_at', Instant(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.CheckConstraint(
        "purpose IN ('confirmation', 'reminder', 'change', 'cancellation', 'link', 'staff')",
        name=op.f('ck_text_words_purpose')
    ),
    sa.ForeignKeyConstraint(['changed_by'], ['staff.id'], name=op.f('fk_text_words_changed_by')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_text_words')),
    sa.UniqueConstraint('language', 'purpose', name=op.f('uq_text_words_language_purpose'))
    )
    op.create_table('language_check',
    sa.Column('language', sa.String(length=8), nullable=False),
    sa.Column('checked_by', EncryptedText('language_check.checked_by'), nullable=False),
    sa.Column('checked_on', sa.Date(), nullable=False),
    sa.Column('digest', sa.String(length=64), nullable=False),
    sa.Column('recorded_by', key, nullable=True),
    sa.Column('recorded_at', Instant(), nullable=False),
    sa.ForeignKeyConstraint(['recorded_by'], ['staff.id'], name=op.f('fk_language_check_recorded_by')),
    sa.PrimaryKeyConstraint('language', name=op.f('pk_language_check'))
    )


def downgrade() -> None:
    op.drop_table('language_check')
    op.drop_table('text_words')
