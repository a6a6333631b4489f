"""What is recorded. One aggregate a file: columns, constraints, encrypted types."""

from scheduler.models.afterwards import AskedAfterwards, FeltSafe
from scheduler.models.appointments import Appointment, IdempotencyKey, TimeRequest
from scheduler.models.audit import AuditRecord, AuditSeal, ExclusionLook
from scheduler.models.choices import OfferedChoice, Waiting
from scheduler.models.clients import Client, EligibilityDecision, IdentityToken, SafeContact, Stay
from scheduler.models.exclusions import Alert, Exclusion, ExclusionEvent, ExclusionSite, Match, NamedPerson, SafetyCase
from scheduler.models.links import Ask, Link, LinkSession, LinkWord
from scheduler.models.merges import ClientMerge
from scheduler.models.messages import HandsetText, Heartbeat, Message, StaffText
from scheduler.models.overrides import Override, OverrideClash
from scheduler.models.places import Closure, OpeningWindow, Site, SiteNeighbour, Venue
from scheduler.models.provider_texts import ProviderText
from scheduler.models.replies import Reply
from scheduler.models.sessions import ENROLMENT, AppointmentType, Series, Session, SessionStaff
from scheduler.models.staff import ApiToken, FeedToken, SignIn, Staff, StaffVenue
from scheduler.models.tellings import Telling
from scheduler.models.theme import Theme
from scheduler.models.words import LanguageCheck, TextWords

__all__ = [
    "ENROLMENT", "Alert", "ApiToken", "Appointment", "AppointmentType", "Ask", "AskedAfterwards", "AuditRecord",
    "AuditSeal", "Client", "ClientMerge", "Closure", "EligibilityDecision", "Exclusion", "ExclusionEvent",
    "ExclusionLook", "ExclusionSite", "FeedToken", "FeltSafe", "HandsetText", "Heartbeat", "IdempotencyKey",
    "IdentityToken", "LanguageCheck", "Link", "LinkSession", "LinkWord", "Match", "Message", "NamedPerson",
    "OfferedChoice", "OpeningWindow", "Override", "OverrideClash", "ProviderText", "Reply", "SafeContact", "SafetyCase",
    "Series", "Session", "SessionStaff", "SignIn", "Site", "SiteNeighbour", "Staff", "StaffText", "StaffVenue", "Stay",
    "Telling", "TextWords", "Theme", "TimeRequest", "Venue", "Waiting",
]
