"""What she chose from, and who waits for a time

Revision ID: 0009
Revises: 0008
Create Date: 2026-11-22 17:50:00.000000
"""

import sqlalchemy as sa
from alembic import op

from scheduler.models.types import EncryptedJSON, EncryptedText, Instant, JsonList

revision = '0009'
down_revision = '0008'
branch_labels = None
depends_on = None

ADDED = (
    ('venue', sa.Column('entrance', EncryptedText('venue.entrance'), nullable=True)),
    ('venue', sa.Column('parking', EncryptedText('venue.parking'), nullable=True)),
    ('venue', sa.Column('bus', EncryptedText('venue.bus'), nullable=True)),
    ('staff', sa.Column('languages', JsonList(), nullable=True)),
    ('appointment', sa.Column('interpreter', EncryptedText('appointment.interpreter'), nullable=True)),
)


def upgrade() -> None:
    key = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')
    for table, column in ADDED:
        op.add_column(table, sa.Column(column.name, column.type, nullable=True))
    op.create_table('offered_choice',
    sa.Column('id', key, nullable=False),
    sa.Column('client_id', key, nullable=True),
    sa.Column('type_id', key, nullable=False),
    sa.Column('day', sa.Date(), nullable=False),
    sa.Column('outcome', sa.String(length=8), nullable=False),
    sa.Column('places', sa.Integer(), nullable=False),
    sa.Column('modes', sa.Integer(), nullable=False),
    sa.Column('days', sa.Integer(), nullable=False),
    sa.Column('women_workers', sa.Integer(), nullable=False),
    sa.Column('women_only', sa.Integer(), nullable=False),
    sa.Column('asked_how', sa.Boolean(), nullable=False),
    sa.Column('asked_where', sa.Boolean(), nullable=False),
    sa.Column('asked_when', sa.Boolean(), nullable=False),
    sa.Column('asked_who', sa.Boolean(), nullable=False),
    sa.Column('asked_women_only', sa.Boolean(), nullable=False),
    sa.Column('asked_children', sa.Boolean(), nullable=False),
    sa.Column('took_mode', sa.String(length=12), nullable=True),
    sa.Column('took_woman', sa.Boolean(), nullable=True),
    sa.Column('took_women_only', sa.Boolean(), nullable=True),
    sa.CheckConstraint(
        "outcome IN ('booked', 'moved', 'asked', 'waiting', 'nothing')", name=op.f('ck_offered_choice_outcome')
    ),
    sa.CheckConstraint(
        'places >= 0 AND modes >= 0 AND days >= 0 AND women_workers >= 0 AND women_only >= 0',
        name=op.f('ck_offered_choice_counts'),
    ),
    sa.ForeignKeyConstraint(['client_id'], ['client.id'], name=op.f('fk_offered_choice_client_id')),
    sa.ForeignKeyConstraint(['type_id'], ['appointment_type.id'], name=op.f('fk_offered_choice_type_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_offered_choice'))
    )
    op.create_index('ix_offered_choice_client_id', 'offered_choice', ['client_id'], unique=False)
    op.create_index('ix_offered_choice_day', 'offered_choice', ['day'], unique=False)
    op.create_table('waiting',
    sa.Column('id', key, nullable=False),
    sa.Column('client_id', key, nullable=False),
    sa.Column('type_id', key, nullable=False),
    sa.Column('wishes', EncryptedJSON('waiting.wishes'), nullable=False),
    sa.Column('until', sa.Date(), nullable=False),
    sa.Column('state', sa.String(length=10), nullable=False),
    sa.Column('made_at', Instant(), nullable=False),
    sa.Column('offered_by', key, nullable=True),
    sa.Column('offered_at', Instant(), nullable=True),
    sa.Column('settled_by', key, nullable=True),
    sa.Column('settled_at', Instant(), nullable=True),
    sa.CheckConstraint("state IN ('open', 'settled', 'withdrawn')", name=op.f('ck_waiting_state')),
    sa.ForeignKeyConstraint(['client_id'], ['client.id'], name=op.f('fk_waiting_client_id')),
    sa.ForeignKeyConstraint(['type_id'], ['appointment_type.id'], name=op.f('fk_waiting_type_id')),
    sa.ForeignKeyConstraint(['offered_by'], ['staff.id'], name=op.f('fk_waiting_offered_by')),
    sa.ForeignKeyConstraint(['settled_by'], ['staff.id'], name=op.f('fk_waiting_settled_by')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_waiting'))
    )
    op.create_index('ix_waiting_client_id', 'waiting', ['client_id'], unique=False)
    op.create_index('ix_waiting_state', 'waiting', ['state', 'made_at'], unique=False)


def downgrade() -> None:
    op.drop_index('ix_waiting_state', table_name='waiting')
    op.drop_index('ix_waiting_client_id', table_name='waiting')
    op.drop_table('waiting')
    op.drop_index('ix_offered_choice_day', table_name='offered_choice')
    op.drop_index('ix_offered_choice_client_id', table_name='offered_choice')
    op.drop_table('offered_choice')
    for table, column in reversed(ADDED):
        op.execute(f'ALTER TABLE {table} DROP COLUMN {column.name}')
