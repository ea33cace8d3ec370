"""Records to typed events, through a catalogue of message templates."""
