//! Properties of any bytes that open as a recording, for tests and for the fuzz target `recording`.

use kcorpus::recording::{Recording, What};

/// Any bytes must open as a recording or fail, without a panic, and iteration must end.
pub(crate) fn check(bytes: &[u8]) {
    let Ok(recording) = Recording::from_bytes(bytes.to_vec().into()) else { return };
    let mut read = 0;
    for entry in recording.entries() {
        let Ok((number, entry)) = entry else { continue };
        read += 1;
        assert!(number < recording.len());
        assert_eq!(recording.get(number).ok().as_ref(), Some(&entry));
        let Ok(meta) = recording.meta(number) else { panic!("an entry without its meta") };
        assert_eq!((meta.time, meta.connection, meta.direction), (entry.time, entry.connection, entry.direction));
        assert!(entry.what != What::Message || meta.size == entry.bytes.len());
    }
    assert!(read <= recording.len());
}
