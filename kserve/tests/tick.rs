//! The example `tick.q` as a tickerplant: kwire's subscriber receives every row once and in order, from the log and
//! live.

use std::fs;
use std::io::{BufRead, BufReader};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc;
use std::thread;

use kcodec::log::{Log, Map};
use kcodec::{Atom, Date, Symbol, Update, Value, Vector};
use kwire::blocking::Handle;
use kwire::tick::{Error, Event, Publisher, Replay, Schemas, Subscriber, Subscription};
use tempfile::TempDir;

/// A tickerplant with its log in a temporary folder; killed on drop.
struct Tick {
    child: Child,
    address: String,
    folder: TempDir,
    /// Kept open: the process would fail to write to a closed pipe.
    _out: BufReader<ChildStdout>,
}

impl Tick {
    fn start(options: &[&str]) -> Self {
        Self::with_log(tempfile::tempdir().unwrap(), options, true)
    }

    fn with_log(folder: TempDir, options: &[&str], has_log: bool) -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/tick.q");
        let mut command = Command::new(env!("CARGO_BIN_EXE_kserve"));
        command.args(["-p", "127.0.0.1:0", "--allow", "files"]).args(options).arg(script);
        if has_log {
            command.arg(folder.path().join("sym"));
        }
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut first = String::new();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        out.read_line(&mut first).unwrap();
        let address = first.trim().strip_prefix("listening on ").unwrap().to_owned();
        Self { child, address, folder, _out: out }
    }

    fn open(&self) -> Handle {
        Handle::open(&self.address).unwrap()
    }

    fn feed(&self) -> Publisher {
        Publisher::new(self.open())
    }

    fn subscribe(&self, subscription: Subscription) -> Result<Subscriber, Error> {
        Subscriber::subscribe(self.open(), subscription)
    }

    fn ask(&self, query: &str) -> String {
        self.open().sync(query).unwrap().value().to_string()
    }

    /// The path of the log.
    fn log(&self) -> PathBuf {
        PathBuf::from(self.ask("1_string .u.L").trim_matches('"'))
    }
}

impl Drop for Tick {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

const SYMS: [&str; 3] = ["a", "b", "c"];

/// Publishes one row, with `number` as its size.
fn publish(feed: &mut Publisher, number: i64) {
    let sym = SYMS[usize::try_from(number).unwrap() % 3];
    feed.publish("trade", &[Value::symbol(sym), 1.5.into(), number.into()]).unwrap();
}

/// The sizes in an update of `trade`.
fn sizes(schemas: &Schemas, update: &Update<'_>) -> Vec<i64> {
    match schemas.column(update, "size").unwrap() {
        Value::Atom(Atom::Long(size)) => vec![size],
        Value::Vector(Vector::Long(sizes)) => sizes.iter().collect(),
        other => panic!("{other:?}"),
    }
}

/// Runs until `rows` rows have arrived. Returns their sizes, and how many came from the log.
fn collect(subscriber: &mut Subscriber, rows: usize) -> (Vec<i64>, usize) {
    let schemas = subscriber.schemas().clone();
    let (mut all, mut logged) = (Vec::new(), 0);
    subscriber
        .run(|event| {
            let Event::Update(update) = event else { panic!("{event:?}") };
            let sizes = sizes(&schemas, &update);
            // Pushed updates are tables, logged ones are lists.
            logged += if update.names().is_none() { sizes.len() } else { 0 };
            all.extend(sizes);
            if all.len() < rows { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })
        .unwrap();
    (all, logged)
}

#[test]
fn every_row_arrives_once_and_in_order() {
    const ROWS: i64 = 10_000;
    let tick = Tick::start(&[]);
    let (published, wait) = mpsc::channel();
    let (subscribed, go_on) = mpsc::channel();
    let mut feed = tick.feed();
    let feeding = thread::spawn(move || {
        (0..ROWS / 4).for_each(|number| publish(&mut feed, number));
        feed.confirm().unwrap();
        published.send(()).unwrap();
        // Publishes at full speed while the subscriber connects; the last rows after it has subscribed.
        (ROWS / 4..ROWS * 3 / 4).for_each(|number| publish(&mut feed, number));
        go_on.recv().unwrap();
        (ROWS * 3 / 4..ROWS).for_each(|number| publish(&mut feed, number));
        feed.confirm().unwrap();
    });
    wait.recv().unwrap();
    let mut subscriber = tick.subscribe(Subscription::tables(["trade"])).unwrap();
    let counted = subscriber.log().unwrap().1;
    subscribed.send(()).unwrap();
    let (all, logged) = collect(&mut subscriber, usize::try_from(ROWS).unwrap());
    feeding.join().unwrap();
    assert!(all.iter().copied().eq(0..ROWS));
    assert_eq!(logged as u64, counted);
    assert!((ROWS / 4..=ROWS * 3 / 4).contains(&i64::try_from(logged).unwrap()), "{logged}");
    assert_eq!(subscriber.log(), None, "nothing is replayed twice");
    // After the rows comes only the end of the day.
    tick.ask(".u.end 2024.01.31");
    assert_eq!(subscriber.receive().unwrap().event(), Event::End(Date(8796)));
    let map = Map::open(tick.folder.path().join(tick.log())).unwrap();
    assert_eq!(Log::new(map.as_bytes()).unwrap().check(), Ok(0), "the next day's log");
}

#[test]
fn subscriptions_filter_log_and_pushes() {
    let tick = Tick::start(&[]);
    let mut feed = tick.feed();
    let batch = |feed: &mut Publisher| {
        (0..6).for_each(|number| publish(feed, number));
        let (sym, price, size) = (["a", "b", "b", "c"], [1.5; 4], [6_i64, 7, 8, 9]);
        feed.publish("trade", &[Value::symbols(&sym), (&price).into(), (&size).into()]).unwrap();
        let (sym, size) = (["b", "b"], [10_i64, 11]);
        feed.publish("trade", &[Value::symbols(&sym), price[..2].into(), (&size).into()]).unwrap();
        feed.publish("quote", &[Value::symbol("a"), 1.0.into(), 2.0.into()]).unwrap();
        feed.confirm().unwrap();
    };
    batch(&mut feed);
    for (symbols, wanted) in [
        (&[][..], (0..12).collect::<Vec<_>>()),
        (&["b"], vec![1, 4, 7, 8, 10, 11]),
        (&["a", "c"], vec![0, 2, 3, 5, 6, 9]),
        (&["nosuch", "c"], vec![2, 5, 9]),
    ] {
        let symbols = symbols.iter().map(|symbol| (*symbol).to_owned()).collect();
        let mut subscriber = tick.subscribe(Subscription { symbols, ..Subscription::tables(["trade"]) }).unwrap();
        let (all, logged) = collect(&mut subscriber, wanted.len());
        assert_eq!((&all, logged), (&wanted, wanted.len()), "of the log");
        drop(subscriber);
    }
    let subscription =
        Subscription { symbols: vec!["b".to_owned()], replay: Replay::Nothing, ..Subscription::tables(["trade"]) };
    let mut subscriber = tick.subscribe(subscription).unwrap();
    batch(&mut feed);
    assert_eq!(collect(&mut subscriber, 6), (vec![1, 4, 7, 8, 10, 11], 0), "pushed");
    // All tables.
    let mut subscriber = tick.subscribe(Subscription::default()).unwrap();
    let names: Vec<String> = subscriber.schemas().iter().map(|(name, _)| name.to_string()).collect();
    assert_eq!(names, ["trade", "quote"]);
    let mut tables = Vec::new();
    let replayed = subscriber.replay::<()>(|event| {
        let Event::Update(update) = event else { panic!("{event:?}") };
        tables.push(update.table().to_string());
        ControlFlow::Continue(())
    });
    assert_eq!(replayed.unwrap(), ControlFlow::Continue(()));
    assert_eq!(tables.iter().filter(|table| *table == "quote").count(), 2);
    assert_eq!(tables.len(), 18);
}

#[test]
fn an_interrupted_replay_resumes() {
    let tick = Tick::start(&[]);
    let mut feed = tick.feed();
    (0..10).for_each(|number| publish(&mut feed, number));
    feed.confirm().unwrap();
    let mut subscriber = tick.subscribe(Subscription::default()).unwrap();
    assert_eq!(collect(&mut subscriber, 4), ((0..4).collect(), 4));
    assert_eq!(subscriber.log().unwrap().1, 6);
    (10..13).for_each(|number| publish(&mut feed, number));
    feed.flush().unwrap();
    assert_eq!(collect(&mut subscriber, 9), ((4..13).collect(), 6));
}

#[test]
fn logs_moved_torn_or_missing() {
    let tick = Tick::start(&[]);
    let mut feed = tick.feed();
    (0..10).for_each(|number| publish(&mut feed, number));
    feed.confirm().unwrap();
    let from = |path: &Path| {
        let replay = Replay::From(path.to_owned());
        let mut subscriber = tick.subscribe(Subscription { replay, ..Subscription::default() }).unwrap();
        let mut rows = 0;
        let result = subscriber.replay::<()>(|_| {
            rows += 1;
            ControlFlow::Continue(())
        });
        (rows, result.map(drop))
    };
    let copy = tick.folder.path().join("copy");
    fs::copy(tick.log(), &copy).unwrap();
    assert!(matches!(from(&copy), (10, Ok(()))));
    let nosuch = tick.folder.path().join("nosuch");
    let (0, Err(Error::Log { path, error })) = from(&nosuch) else { panic!("no error") };
    assert_eq!((path, error.kind()), (nosuch, std::io::ErrorKind::NotFound));
    let bytes = fs::read(&copy).unwrap();
    fs::write(&copy, &bytes[..bytes.len() - 1]).unwrap();
    let (9, Err(error @ Error::Short { expected: 10, found: 9, bad: Some(_), .. })) = from(&copy) else {
        panic!("no error")
    };
    assert!(error.to_string().contains("copy: 9 of 10 records, torn at "), "{error}");
    fs::write(&copy, &bytes[..8]).unwrap();
    assert!(matches!(from(&copy), (0, Err(Error::Short { found: 0, bad: None, .. }))));
    fs::write(&copy, "no log at all").unwrap();
    assert!(matches!(from(&copy), (0, Err(Error::Log { .. }))));

    let tick = Tick::with_log(tempfile::tempdir().unwrap(), &[], false);
    let mut feed = tick.feed();
    publish(&mut feed, 0);
    feed.confirm().unwrap();
    let mut subscriber = tick.subscribe(Subscription::default()).unwrap();
    assert_eq!(subscriber.log(), None);
    publish(&mut feed, 1);
    feed.flush().unwrap();
    assert_eq!(collect(&mut subscriber, 1), (vec![1], 0));
}

#[test]
fn errors_of_other_servers() {
    let tick = Tick::start(&[]);
    let unknown = tick.subscribe(Subscription::tables(["nosuch"])).unwrap_err();
    assert!(matches!(unknown, Error::Conversation(kwire::Error::Remote(text)) if text == "nosuch"));
    // A strange name is sent as a symbol, never as code.
    let strange = tick.subscribe(Subscription::tables(["`;exit 1;\"]"])).unwrap_err();
    assert!(matches!(strange, Error::Conversation(kwire::Error::Remote(_))), "{strange}");
    tick.ask(".u.sub:{[t;s](1;t)}");
    let error = tick.subscribe(Subscription::tables(["trade"])).unwrap_err();
    assert!(matches!(error, Error::Answer(_)), "{error}");
}

#[test]
fn a_slow_replay_does_not_count_as_slow_reading() {
    // Output queue per reader, in addition to the socket's buffer.
    let tick = Tick::start(&["--max-queue", "1000000"]);
    let mut feed = tick.feed();
    let (records, rows) = (100, 10_000);
    (0..records).for_each(|number| publish(&mut feed, number));
    feed.confirm().unwrap();
    let mut subscriber = tick.subscribe(Subscription::default()).unwrap();
    let (sym, price, size) = (vec!["a"; rows], vec![1.5; rows], vec![7_i64; rows]);
    let mut pushed = 0;
    let replayed = subscriber.replay::<()>(|_| {
        let columns = [Value::symbols(sym.as_slice()), (&price).into(), (&size).into()];
        feed.publish("trade", &columns).unwrap();
        feed.confirm().unwrap();
        pushed += rows;
        ControlFlow::Continue(())
    });
    assert_eq!(replayed.unwrap(), ControlFlow::Continue(()));
    assert_eq!(collect(&mut subscriber, pushed), (vec![7; pushed], 0));
}

#[test]
fn columns_by_name() {
    let tick = Tick::start(&[]);
    let subscriber = tick.subscribe(Subscription::default()).unwrap();
    let schemas = subscriber.schemas();
    let logged = kcodec::parse("(`upd;`trade;(0D00:00:01;`a;1.5;7))").unwrap();
    let pushed = kcodec::parse("(`upd;`trade;+`size`price!(1 2;3 4f))").unwrap();
    let column = |body: &kcodec::Body, name| {
        let update = Update::new(body.value()).unwrap();
        schemas.column(&update, name).map(|column| column.to_string())
    };
    assert_eq!(column(&logged, "size").as_deref(), Some("7"));
    assert_eq!(column(&pushed, "size").as_deref(), Some("1 2"));
    assert_eq!((column(&logged, "nosuch"), column(&pushed, "time")), (None, None));
    assert!(schemas.table(Symbol::new("quote")).is_some() && schemas.table(Symbol::new("nosuch")).is_none());
}
