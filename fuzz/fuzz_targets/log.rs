#![no_main]

use kcodec::{Log, Update, log};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| records(bytes));

/// Any bytes after a log's header must read as records and a bad tail. Each record must read the same as in a log of
/// its own, because a log caches shapes of records. Selecting rows of an update must not panic.
fn records(bytes: &[u8]) {
    let bytes = [&log::HEAD, bytes].concat();
    let Ok(mut log) = Log::new(&bytes) else { panic!("no log") };
    loop {
        let start = log.at();
        let (next, alone) = (log.next(), [&log::HEAD, bytes.get(start..).unwrap_or_default()].concat());
        let mut alone = Log::new(&alone).into_iter().flatten();
        match (next, alone.next()) {
            (None, None) => return,
            (Some(Ok(record)), Some(Ok(same))) => {
                let text = record.to_string();
                assert_eq!(text, same.to_string());
                if let Some(update) = Update::new(record) {
                    assert!(update.columns().count() == update.columns().len());
                    let all = update.select(|_| true);
                    assert!(all.is_err() || update.rows() == 0 || all.is_ok_and(|all| all.is_some()));
                    let _ = update.select(|row| row % 2 == 1);
                }
            }
            (Some(Err(bad)), Some(Err(same))) => {
                assert_eq!((bad.valid, bad.at, bad.reason), (start, same.at + start - log::HEAD.len(), same.reason));
                assert!(log.next().is_none());
                return;
            }
            other => panic!("{other:?}"),
        }
    }
}
