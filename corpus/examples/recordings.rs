//! Benchmarks of recordings: `cargo run --release -p kcorpus --features cli --example recordings [KSERVE]`.
//!
//! Writes a recording of ten million small messages, opens it and reads the last one; replays it into a sink; and
//! measures requests to `kserve` (or to an echo thread) directly, through a plain byte proxy and through `kcorpus
//! record`, in alternation. `kcorpus` must be in the folder above this program's.

use std::error::Error;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};
use std::{env, fs, thread};

use kcodec::{Capability, Value};
use kcorpus::recording::{Direction, Recorder, Recording, now};
use kwire::{MessageType, blocking};

const MESSAGES: u64 = 10_000_000;
/// Number of rounds per proxy, and their duration.
const ROUNDS: usize = 15;
const ROUND: Duration = Duration::from_secs(1);

fn main() -> Result<(), Box<dyn Error>> {
    let program = env::current_exe()?;
    let arguments: Vec<_> = env::args().skip(1).collect();
    if let [mode, server] = &arguments[..]
        && mode == "plain"
    {
        return plain(server.parse()?);
    }
    let kcorpus = program.ancestors().nth(2).ok_or("no folder above")?.join("kcorpus");
    let folder = env::temp_dir().join(format!("recordings-{}", std::process::id()));
    fs::create_dir_all(&folder)?;
    let outcome = measure(&kcorpus, &folder, arguments.first().map(PathBuf::from));
    fs::remove_dir_all(&folder)?;
    outcome
}

fn measure(kcorpus: &Path, folder: &Path, kserve: Option<PathBuf>) -> Result<(), Box<dyn Error>> {
    let file = folder.join("small.krec");
    write(&file)?;
    find(&file)?;
    replay(kcorpus, &file)?;
    let (server, _child) = match kserve {
        Some(kserve) => {
            let (address, child) = start(Command::new(kserve).args(["-p", "127.0.0.1:0", "--demo"]))?;
            (address, Some(child))
        }
        None => (echo()?, None),
    };
    for (name, query) in [("2+2", "2+2"), ("10,000 longs", "til 10000")] {
        proxies(kcorpus, folder, server, name, query)?;
    }
    Ok(())
}

/// A process that is killed on drop, and its output.
struct Ended(Child, Option<BufReader<ChildStdout>>);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts a program that prints `listening on ADDRESS` first.
fn start(command: &mut Command) -> Result<(SocketAddr, Ended), Box<dyn Error>> {
    let mut child = Ended(command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?, None);
    let mut line = String::new();
    let mut out = BufReader::new(child.0.stdout.take().ok_or("no output")?);
    out.read_line(&mut line)?;
    // Keep the pipe open, because the program may write more.
    child.1 = Some(out);
    Ok((line.trim().strip_prefix("listening on ").ok_or("no address")?.parse()?, child))
}

fn write(file: &Path) -> Result<(), Box<dyn Error>> {
    let mut message = Vec::new();
    let mut recorder = Recorder::create(file)?;
    let connection = recorder.open(now(), b"bob", Capability::MAX)?;
    let begun = Instant::now();
    let mut bytes = 0;
    for number in 0..MESSAGES {
        message.clear();
        let number = number.cast_signed().wrapping_mul(0x9E37_79B9);
        kwire::encode(MessageType::Async, Value::from(&[number, number / 3]), Capability::MAX, &mut message)?;
        recorder.message(now(), connection, Direction::ToServer, &message)?;
        bytes += message.len();
    }
    recorder.finish()?;
    let (took, size) = (begun.elapsed(), fs::metadata(file)?.len());
    println!("wrote {MESSAGES} messages, {bytes} bytes, as {size} in {took:.2?}");
    Ok(())
}

fn find(file: &Path) -> Result<(), Box<dyn Error>> {
    for _ in 0..3 {
        let begun = Instant::now();
        let recording = Recording::open(file)?;
        let opened = begun.elapsed();
        let last = recording.get(recording.len() - 1)?;
        println!("opened in {opened:.2?}, last of {} after {:.2?}", recording.len(), begun.elapsed());
        assert_eq!((recording.len(), last.bytes.len()), (MESSAGES + 1, 30));
    }
    let begun = Instant::now();
    let messages = Recording::open(file)?.entries().filter(|entry| entry.is_ok()).count();
    println!("read all {messages} in {:.2?}", begun.elapsed());
    // Without its index and footer.
    let bytes = fs::read(file)?;
    fs::write(file.with_extension("cut"), &bytes[..bytes.len() - 100])?;
    let begun = Instant::now();
    let recording = Recording::open(file.with_extension("cut"))?;
    println!("index rebuilt in {:.2?}", begun.elapsed());
    assert_eq!((recording.len(), recording.is_finished()), (MESSAGES + 1, false));
    Ok(fs::remove_file(file.with_extension("cut"))?)
}

fn replay(kcorpus: &Path, file: &Path) -> Result<(), Box<dyn Error>> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let to = listener.local_addr()?.to_string();
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a client");
        let mut chunk = vec![0; 1 << 18];
        stream.write_all(&[6]).expect("a client");
        while stream.read(&mut chunk).is_ok_and(|read| read > 0) {}
    });
    let done = Command::new(kcorpus).args(["replay", "--fast", "--to", &to]).arg(file).output()?;
    print!("replay: {}", String::from_utf8_lossy(&done.stdout));
    Ok(())
}

/// Measures requests per second directly, through a plain proxy and through a recording one, in alternating rounds.
fn proxies(kcorpus: &Path, folder: &Path, server: SocketAddr, name: &str, query: &str) -> Result<(), Box<dyn Error>> {
    let to = server.to_string();
    let (plain, plainly) = start(Command::new(env::current_exe()?).args(["plain", &to]))?;
    let file = folder.join(format!("{}.krec", query.len()));
    let (recording, child) =
        start(Command::new(kcorpus).args(["record", "--listen", "127.0.0.1:0", "--to", &to]).arg(&file))?;
    let mut rates = [Vec::new(), Vec::new(), Vec::new()];
    for _ in 0..ROUNDS {
        for (address, rates) in [server, plain, recording].into_iter().zip(&mut rates) {
            rates.push(talk(address, query)?);
        }
    }
    drop((plainly, child));
    let [direct, plain, recorded] = rates.map(|mut rates| {
        rates.sort_unstable_by(f64::total_cmp);
        rates[ROUNDS / 2]
    });
    let cost = 100.0 * (1.0 - recorded / plain);
    println!("{name}: direct {direct:.0}/s, plain proxy {plain:.0}/s, recording {recorded:.0}/s: {cost:.1} % less");
    println!("  {} entries", Recording::open(&file)?.len());
    Ok(())
}

fn talk(address: SocketAddr, query: &str) -> Result<f64, Box<dyn Error>> {
    let mut handle = blocking::Handle::open(&format!("{address}:bob:"))?;
    let (begun, mut requests) = (Instant::now(), 0.0);
    while begun.elapsed() < ROUND {
        handle.sync(query)?;
        requests += 1.0;
    }
    Ok(requests / begun.elapsed().as_secs_f64())
}

/// A proxy that forwards bytes like `kcorpus record`, without recording.
fn plain(server: SocketAddr) -> Result<(), Box<dyn Error>> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    println!("listening on {}", listener.local_addr()?);
    for client in listener.incoming() {
        let (client, server) = (client?, TcpStream::connect(server)?);
        client.set_nodelay(true)?;
        server.set_nodelay(true)?;
        thread::spawn(move || {
            thread::scope(|scope| {
                scope.spawn(|| pump(&server, &client));
                pump(&client, &server);
            });
        });
    }
    Ok(())
}

fn pump(mut from: &TcpStream, mut to: &TcpStream) {
    let mut chunk = vec![0; 64 * 1024];
    while let Ok(read @ 1..) = from.read(&mut chunk) {
        if to.write_all(&chunk[..read]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Write);
}

/// An echo server.
fn echo() -> Result<SocketAddr, Box<dyn Error>> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.expect("a client");
            stream.set_nodelay(true).expect("a socket");
            thread::spawn(move || {
                let (mut chunk, mut is_open) = (vec![0; 64 * 1024], false);
                while let Ok(read @ 1..) = stream.read(&mut chunk) {
                    // A request is one read, because the client waits for each answer.
                    let answer = if is_open { &mut chunk[..read] } else { &mut chunk[read - 2..read - 1] };
                    if is_open {
                        answer[1] = 2;
                    }
                    is_open = true;
                    if stream.write_all(answer).is_err() {
                        return;
                    }
                }
            });
        }
    });
    Ok(address)
}
