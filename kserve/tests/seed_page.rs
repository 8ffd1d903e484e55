//! KX's documentation page about IPC, line by line: two processes with consoles, and the lines typed into them.
#![cfg(feature = "cli")]

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

/// How long any single line may take.
const TIMEOUT: Duration = Duration::from_secs(20);

/// A q process with its console.
struct Console {
    child: Child,
    input: ChildStdin,
    lines: Receiver<String>,
}

impl Console {
    fn start(options: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_kserve"))
            .arg("-i")
            .args(options)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let (input, output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let (sender, lines) = channel();
        thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        Self { child, input, lines }
    }

    fn line(&self) -> String {
        self.lines.recv_timeout(TIMEOUT).expect("a line of output")
    }

    /// The port, from the first line printed by a process with `-p`.
    fn port(&self) -> u16 {
        let line = self.line();
        line.rsplit(':').next().and_then(|port| port.parse().ok()).unwrap_or_else(|| panic!("no port in {line}"))
    }

    /// Types a line and returns everything printed until it is done.
    fn says(&mut self, line: &str) -> String {
        self.types(line);
        self.types("-1\"#done\";");
        let mut all = Vec::new();
        loop {
            match self.line() {
                done if done == "#done" => return all.join("\n"),
                line => all.push(line),
            }
        }
    }

    fn types(&mut self, line: &str) {
        writeln!(self.input, "{line}").unwrap();
        self.input.flush().unwrap();
    }

    #[track_caller]
    fn prints(&mut self, line: &str, expected: &str) {
        assert_eq!(self.says(line), expected, "q){line}");
    }
}

impl Drop for Console {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

#[test]
fn client_and_server() {
    let mut server = Console::start(&["-p", "127.0.0.1:0"]);
    let port = server.port();
    server.prints("\\p", &format!("{port}i"));
    let mut client = Console::start(&[]);

    // A connection is a handle, an int.
    client.prints(&format!("h:hopen`:localhost:{port}"), "");
    client.prints("type h", "-6h");
    client.prints("h\"2+2\"", "4");
    client.prints("h(+;2;2)", "4");
    client.prints("h({x+y};2;2)", "4");
    server.prints("add:{x+y}", "");
    client.prints("h(`add;2;2)", "4");
    client.prints("h(\"add\";2;2)", "4");
    client.prints("h\"2+`a\"", "'type");

    // Async messages: no answer, none lost.
    client.prints("neg[h]\"a:10\"", "");
    client.prints("h\"a\"", "10");
    client.prints("(neg h)(set;`b;20);h`b", "20");

    // Flush, and sync chaser.
    client.prints("neg[h](set;`c;30);neg[h][];h\"\";h\"c\"", "30");
    client.prints("do[1000;neg[h]\"a+:1\"];h\"\"", "");
    server.prints("a", "1010");

    // Output queues on both ends.
    client.prints("(key .z.W)~enlist h", "1b");
    client.prints("value .z.W", ",0");
    server.prints("count .z.W", "1");

    // Deferred sync: an async request that is answered by an async message.
    server.prints("proc:{neg[.z.w]x*2}", "");
    client.prints("neg[h](`proc;21);h[]", "42");
    client.prints("neg[h]({neg[.z.w]x};`back);h[]", "`back");

    // One-shot requests.
    client.prints(&format!("`:localhost:{port} \"1+1\""), "2");
    client.prints(&format!("`::{port} \"1+1\""), "2");
    client.prints(&format!("`::[(`:localhost:{port};2000);\"2+1\"]"), "3");

    // The close of a connection, seen from both ends.
    server.prints(".z.pc:{closed::x}", "");
    client.prints("hclose h", "");
    client.prints("h\"2+2\"", "'Cannot write to handle 4. OS reports: Bad file descriptor");
    client.prints(&format!("h:hopen(`:localhost:{port};500);h\"closed\""), "4i");
}

#[test]
fn handlers_see_the_caller() {
    let users = std::env::temp_dir().join(format!("kserve-seed-page-{}", std::process::id()));
    fs::write(&users, "ann:secret\nbob:5f4dcc3b5aa765d61d8327deb882cf99\n").unwrap();
    let mut server = Console::start(&["-p", "127.0.0.1:0", "-u", users.to_str().unwrap()]);
    let port = server.port();
    let mut client = Console::start(&[]);

    client.prints(&format!("hopen`:localhost:{port}:ann:wrong"), "'access");
    client.prints(&format!("hopen`:localhost:{port}"), "'access");
    server.prints("opened:closed:()", "");
    server.prints(".z.po:{opened,:enlist(x;.z.w;.z.u)}", "");
    server.prints(".z.pc:{closed,:enlist(x;.z.w)}", "");
    server.prints(".z.pg:{0N!(.z.w;.z.a;.z.u;x);value x}", "");
    server.prints(".z.ps:{seen::(.z.u;x);value x}", "");
    client.prints(&format!("h:hopen`:localhost:{port}:ann:secret"), "");
    client.prints("h\"2+2\"", "4");
    assert_eq!(server.line(), "(4i;2130706433i;`ann;\"2+2\")");
    client.prints("neg[h]\"a:7\";h\"a\"", "7");
    assert_eq!(server.line(), "(4i;2130706433i;`ann;\"a\")");
    server.prints("seen", "`ann\n\"a:7\"");
    server.prints("opened", "4i 4i `ann");
    client.prints(&format!("g:hopen`:localhost:{port}:bob:password;g\".z.u\""), "`bob");
    assert_eq!(server.line(), "(5i;2130706433i;`bob;\".z.u\")");
    client.prints("hclose h", "");
    client.prints("g\"closed\"", "4 0");
    server.line();

    // `.z.pw` also decides about logins.
    server.prints(".z.pw:{[u;p]u=`bob}", "");
    client.prints(&format!("hopen`:localhost:{port}:ann:secret"), "'access");
    server.prints("\\x .z.pw", "");
    client.prints(&format!("h:hopen`:localhost:{port}:ann:secret"), "");

    // Without a handler, `value` answers.
    server.prints("\\x .z.pg", "");
    client.prints("h\"1+1\"", "2");

    // Deferred response.
    server.prints(".z.pg:{waiting::.z.w;-30!(::)}", "");
    server.prints(".z.ps:{-30!(waiting;0b;x)}", "");
    client.types("h`question");
    server.says("");
    client.types("-1\"#done\";");
    fs::remove_file(&users).ok();
    let mut third = Console::start(&[]);
    third.prints(&format!("h:hopen`:localhost:{port}:bob:password"), "");
    third.prints("neg[h]`answer;neg[h][]", "");
    assert_eq!(client.line(), "`answer");
    assert_eq!(client.line(), "#done");
}

#[test]
fn timers_broadcasts_and_ports() {
    let mut server = Console::start(&["-p", "127.0.0.1:0"]);
    let port = server.port();
    let mut one = Console::start(&[]);
    let mut two = Console::start(&[]);
    for client in [&mut one, &mut two] {
        client.prints(&format!("h:hopen {port}"), "");
        client.prints("h\"2\"", "2");
    }
    server.prints("-25!(key .z.W;(set;`x;5))", "");
    for client in [&mut one, &mut two] {
        client.prints("h\"\";x", "5");
    }
    server.prints("n:0;.z.ts:{n+:1};", "");
    server.prints("\\t 10", "");
    one.prints("while[3>h\"n\";0]", "");
    server.prints("\\t", "10i");
    server.prints("\\t 0", "");
    server.prints("-38!key .z.W", "p f z n m\n---------\nq t 0 0 0\nq t 0 0 0");

    // New connections are refused, open ones stay.
    server.prints("\\p 0", "");
    server.prints("\\p", "0i");
    one.prints("h\"2+2\"", "4");
    one.prints(&format!("@[hopen;{port};`refused]"), "`refused");
    server.prints(&format!("\\p {port}"), "");
    one.prints(&format!("g:hopen {port};g\"3\""), "3");
}
