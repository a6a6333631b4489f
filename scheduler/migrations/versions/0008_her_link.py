"""Her link: a word agreed, a call asked for, an answer afterwards

Revision ID: 0008
Revises: 0007
Create Date: 2026-11-22 17:50:00.000000
"""

import sqlalchemy as sa
from alembic import op
from scheduler.models.types import EncryptedText, Instant

revision = '0008'
down_revision = '0007'
branch_labels = None
depends_on = None


def upgrade() -> None:
    key = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')
    op.execute('ALTER TABLE link ADD COLUMN wrong_words INTEGER DEFAULT 0 NOT NULL')
    op.create_table('link_word',
    sa.Column('client_id', key, autoincrement=False, nullable=False),
    sa.Column('word_hash', sa.String(length=200), nullable=False),
    sa.Column('set_by', key, nullable=True),
    sa.Column('set_at', Instant(), nullable=False),
    sa.ForeignKeyConstraint(['client_id'], ['client.id'], name=op.f('fk_link_word_client_id')),
    sa.ForeignKeyConstraint(['set_by'], ['staff.id'], name=op.f('fk_link_word_set_by')),
    sa.PrimaryKeyConstraint('client_id', name=op.f('pk_link_word'))
    )
    op.create_table('ask',
    sa.Column('id', key, nullable=False),
    sa.Column('client_id', key, nullable=False),
    sa.Column('kind', sa.String(length=8), nullable=False),
    sa.Column('words', EncryptedText('ask.words'), nullable=True),
    sa.Column('made_at', Instant(), nullable=False),
    sa.Column('seen_by', key, nullable=True),
    sa.Column('seen_at', Instant(), nullable=True),
    sa.CheckConstraint("kind IN ('call', 'number', 'word')", name=op.f('ck_ask_kind')),
    sa.CheckConstraint("words IS NULL OR (kind = 'number' AND seen_at IS NULL)", name=op.f('ck_ask_words')),
    sa.ForeignKeyConstraint(['client_id'], ['client.id'], name=op.f('fk_ask_client_id')),
    sa.ForeignKeyConstraint(['seen_by'], ['staff.id'], name=op.f('fk_ask_seen_by')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_ask'))
    )
    op.create_index('ix_ask_client_id', 'ask', ['client_id'], unique=False)
    op.create_index('ix_ask_waiting', 'ask', ['seen_at', 'made_at'], unique=False)
    op.create_table('felt_safe',
    sa.Column('venue_id', key, autoincrement=False, nullable=False),
    sa.Column('month', sa.String(length=7), nullable=False),
    sa.Column('yes', sa.Integer(), nullable=False),
    sa.Column('not_really', sa.Integer(), nullable=False),
    sa.Column('rather_not', sa.Integer(), nullable=False),
    sa.CheckConstraint('yes >= 0 AND not_really >= 0 AND rather_not >= 0', name=op.f('ck_felt_safe_counts')),
    sa.ForeignKeyConstraint(['venue_id'], ['venue.id'], name=op.f('fk_felt_safe_venue_id')),
    sa.PrimaryKeyConstraint('venue_id', 'month', name=op.f('pk_felt_safe'))
    )
    op.create_table('asked_afterwards',
    sa.Column('appointment_id', key, autoincrement=False, nullable=False),
    sa.ForeignKeyConstraint(
        ['appointment_id'], ['appointment.id'], name=op.f('fk_asked_afterwards_appointment_id')
    ),
    sa.PrimaryKeyConstraint('appointment_id', name=op.f('pk_asked_afterwards'))
    )


def downgrade() -> None:
    op.drop_table('asked_afterwards')
    op.drop_table('felt_safe')
    op.drop_index('ix_ask_waiting', table_name='ask')
    op.drop_index('ix_ask_client_id', table_name='ask')
    op.drop_table('ask')
    op.drop_table('link_word')
    op.execute('ALTER TABLE link DROP COLUMN wrong_words')
