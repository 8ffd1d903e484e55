//! Of which kind the result of an operation is, by the kinds of its arguments.
