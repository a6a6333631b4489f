"""iCalendar out: feeds and single appointments. In: busy times and closures."""
