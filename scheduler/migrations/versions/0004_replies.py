"""Texts that came back

Revision ID: 0004
Revises: 0003
Create Date: 2026-11-22 16:12:07.318224
"""

import sqlalchemy as sa
from alembic import op
from scheduler.models.types import EncryptedText, Instant

revision = '0004'
down_revision = '0003'
branch_labels = None
depends_on = None


def upgrade() -> None:
    key = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')
    op.create_table('reply',
    sa.Column('id', key, nullable=False),
    sa.Column('provider_id', sa.String(length=64), nullable=True),
    sa.Column('client_id', key, nullable=True),
    sa.Column('appointment_id', key, nullable=True),
    sa.Column('appointment_version', sa.Integer(), nullable=True),
    sa.Column('meaning', sa.String(length=12), nullable=False),
    sa.Column('words', EncryptedText('reply.words'), nullable=True),
    sa.Column('received_at', Instant(), nullable=False),
    sa.Column('seen_by', key, nullable=True),
    sa.Column('seen_at', Instant(), nullable=True),
    sa.CheckConstraint("meaning IN ('coming', 'another-time', 'other')", name=op.f('ck_reply_meaning')),
    sa.CheckConstraint("words IS NULL OR (meaning = 'other' AND client_id IS NOT NULL)", name=op.f('ck_reply_words')),
    sa.CheckConstraint("appointment_id IS NULL OR client_id IS NOT NULL", name=op.f('ck_reply_whose')),
    sa.CheckConstraint("meaning <> 'coming' OR appointment_id IS NOT NULL", name=op.f('ck_reply_about')),
    sa.ForeignKeyConstraint(['client_id'], ['client.id'], name=op.f('fk_reply_client_id')),
    sa.ForeignKeyConstraint(['appointment_id'], ['appointment.id'], name=op.f('fk_reply_appointment_id')),
    sa.ForeignKeyConstraint(['seen_by'], ['staff.id'], name=op.f('fk_reply_seen_by')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_reply')),
    sa.UniqueConstraint('provider_id', name=op.f('uq_reply_provider_id'))
    )
    with op.batch_alter_table('reply', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_reply_client_id'), ['client_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_reply_appointment_id'), ['appointment_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_reply_received_at'), ['received_at'], unique=False)
        batch_op.create_index('ix_reply_waiting', ['meaning', 'seen_at'], unique=False)


def downgrade() -> None:
    with op.batch_alter_table('reply', schema=None) as batch_op:
        batch_op.drop_index('ix_reply_waiting')
        batch_op.drop_index(batch_op.f('ix_reply_received_at'))
        batch_op.drop_index(batch_op.f('ix_reply_appointment_id'))
        batch_op.drop_index(batch_op.f('ix_reply_client_id'))

    op.drop_table('reply')
