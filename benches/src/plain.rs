//! Plain ports.
