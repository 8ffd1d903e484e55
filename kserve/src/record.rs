//! `--record`: records the messages of all clients in the format of `kcorpus record`.

use std::path::Path;
use std::sync::Arc;

use kcorpus::recording::{self, Line, Recorder};
use kserve::Tap;
use tracing::{error, info};

/// Bound on the bytes queued for the disk. Bytes over it are not recorded; the recording counts them as missing.
const BUFFER: usize = 256 << 20;

/// Both directions of one connection.
#[derive(Debug)]
struct Lines {
    to_server: Line,
    to_client: Line,
}

impl Tap for Lines {
    fn received(&mut self, bytes: &[u8]) {
        self.to_server.tell(bytes);
    }

    fn sent(&mut self, bytes: &[u8]) {
        self.to_client.tell(bytes);
    }
}

/// Starts a recording.
pub(crate) fn start(path: &Path) -> Result<Arc<recording::Tap>, String> {
    let failed = |error: &_| error!("recording stopped, the server continues: {error}");
    let tap = Recorder::create(path).and_then(|recorder| recording::Tap::start(recorder, BUFFER, failed));
    tap.map(Arc::new).map_err(|error| format!("--record {}: {error}", path.display()))
}

/// Returns the function that creates the tap of each connection.
pub(crate) fn taps(recorder: &Arc<recording::Tap>) -> impl FnMut() -> Box<dyn Tap> + Send + 'static {
    let recorder = Arc::clone(recorder);
    move || {
        let (to_server, to_client) = recorder.connect();
        Box::new(Lines { to_server, to_client })
    }
}

/// Flushes the recording and writes its index.
pub(crate) fn finish(recorder: &recording::Tap, path: &Path) -> Result<(), String> {
    let totals = recorder.finish().map_err(|error| format!("--record {}: {error}", path.display()))?;
    info!(
        connections = totals.connections,
        messages = totals.messages,
        bytes = totals.bytes,
        missing = totals.missing,
        "recorded"
    );
    Ok(())
}
