"""What is recorded of each channel, and reminders on the day

Revision ID: 0005
Revises: 0004
Create Date: 2026-11-22 17:50:00.000000
"""

import sqlalchemy as sa
from alembic import op
from scheduler.models.types import EncryptedText, Instant

revision = '0005'
down_revision = '0004'
branch_labels = None
depends_on = None


def upgrade() -> None:
    # In place: a batch would make the tables anew, and on SQLite forget their rules.
    no = '0' if op.get_bind().dialect.name == 'sqlite' else 'false'
    op.execute(
        "ALTER TABLE client ADD COLUMN phone_is VARCHAR(8) DEFAULT 'unknown' NOT NULL CONSTRAINT ck_client_phone_is "
        "CHECK (phone_is IN ('unknown', 'hers', 'shared', 'other', 'place'))"
    )
    op.add_column('safe_contact', sa.Column('paused_until', Instant(), nullable=True))
    op.add_column('safe_contact', sa.Column('word', EncryptedText('safe_contact.word'), nullable=True))
    op.execute(f'ALTER TABLE safe_contact ADD COLUMN on_day BOOLEAN DEFAULT {no} NOT NULL')
    op.execute(f'ALTER TABLE message ADD COLUMN on_day BOOLEAN DEFAULT {no} NOT NULL')
    op.create_index('ix_safe_contact_review', 'safe_contact', ['safe', 'review_on'], unique=False)


def downgrade() -> None:
    op.drop_index('ix_safe_contact_review', 'safe_contact')
    op.drop_column('message', 'on_day')
    op.drop_column('safe_contact', 'on_day')
    op.drop_column('safe_contact', 'word')
    op.drop_column('safe_contact', 'paused_until')
    op.drop_column('client', 'phone_is')
