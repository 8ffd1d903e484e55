//! Days and clock readings as text shows them.
