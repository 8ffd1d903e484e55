//! Files from q: write, read and delete, over a socket, with and without the grant `files`.

mod running;

use std::fs;
use std::path::PathBuf;

use kcodec::Value;
use kserve::{EvalLimits, Grants, Interpreter};
use kwire::blocking::Handle;
use running::Running;

/// A temporary folder; deleted on drop.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("kserve_files_{name}_{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir(&path).unwrap();
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn granted() -> Interpreter {
    Interpreter::new().with_grants(Grants { files: true, ..Grants::default() })
}

/// The answer in one-line form, or the error after a quote.
fn printed(h: &mut Handle, text: &str) -> String {
    match h.sync(Value::chars(text.as_bytes())) {
        Ok(answer) => answer.value().to_string(),
        Err(error) => error.to_string(),
    }
}

/// Evaluates each text, with `~/` replaced by the folder, and compares the printed answer.
fn check(name: &str, cases: &[(&str, &str)]) {
    let (folder, running) = (Folder::new(name), Running::start(granted()));
    let mut h = running.open();
    let here = |text: &str| text.replace("~/", &format!("{}/", folder.0.display()));
    for (text, wanted) in cases {
        assert_eq!(printed(&mut h, &here(text)), here(wanted), "{text}");
    }
}

#[test]
fn text() {
    check(
        "text",
        &[
            ("`:~/f.txt 0:(\"hello\";\"goodbye\")", "`:~/f.txt"),
            ("read0`:~/f.txt", "(\"hello\";\"goodbye\")"),
            ("\"c\"$read1`:~/f.txt", "\"hello\\ngoodbye\\n\""),
            ("hcount`:~/f.txt", "14"),
            ("read0(`:~/f.txt;6)", ",\"goodbye\""),
            ("read0(`:~/f.txt;2;2)", ",\"ll\""),
            ("read1(`:~/f.txt;12;100)", "0x650a"),
            ("read1(`:~/f.txt;100;2)", "`byte$()"),
            ("read1(`:~/f.txt;-1;2)", "'domain"),
            ("`:~/f.txt 0:()", "`:~/f.txt"),
            ("read0`:~/f.txt", "()"),
            ("`:~/a/b/c.csv 0:csv 0:([]a:1 2;b:`x`y)", "`:~/a/b/c.csv"),
            ("(\"JS\";enlist\",\")0:`:~/a/b/c.csv", "+`a`b!(1 2;`x`y)"),
            ("`:~/f.txt 0:\"abc\"", "'type"),
            ("`:~/f.txt 0:(\"a\";1)", "'type"),
            ("`:~/a 0:enlist\"bb\"", "'~/a. OS reports: Is a directory"),
            ("`f.txt 0:enlist\"bb\"", "'type"),
        ],
    );
}

#[test]
fn bytes_and_names() {
    check(
        "names",
        &[
            ("`:~/f 1: 0x0102", "`:~/f"),
            ("read1`:~/f", "0x0102"),
            ("`:~/f 1:\"ab\"", "`:~/f"),
            ("read1`:~/f", "0x6162"),
            ("`:~/f 1: 1 2", "'nyi"),
            ("key`:~/f", "`:~/f"),
            ("key`:~/nosuch", "()"),
            ("`:~/d/b 1: 0x", "`:~/d/b"),
            ("`:~/d/.a 1: 0x", "`:~/d/.a"),
            ("key`:~/d", "`s#`.a`b"),
            ("hdel`:~/d", "'~/d. OS reports: Directory not empty"),
            ("hdel each`:~/d/b`:~/d/.a`:~/d", "`:~/d/b`:~/d/.a`:~/d"),
            ("hdel`:~/d", "'~/d. OS reports: No such file or directory"),
            ("hcount`:~/d", "'~/d. OS reports: No such file or directory"),
            ("read0`:~/d", "'~/d. OS reports: No such file or directory"),
            ("read1`:/dev/zero", "'type"),
            ("`:/dev/null 1: 0x0000", "'type"),
            ("hopen`:/dev/null", "'type"),
            ("-7!`:~/f", "2"),
            ("`:~/r 1: 0x0100000041020000004203000000", "`:~/r"),
            ("(\"ic\";4 1)1:`:~/r", "'nyi"),
            ("(\"ic\";4 1)1:(`:~/r;0;10)", "(1 2i;\"AB\")"),
            ("(\"ic\";4 1)1:(`:~/r;5;5)", "(,2i;,\"B\")"),
        ],
    );
}

#[test]
fn objects() {
    check(
        "objects",
        &[
            ("t:([]x:2 3 5;y:`ibm`amd`intel;z:\"npn\")", "::"),
            ("save`:~/t", "`:~/t"),
            ("12#read1`:~/t", "0xff016200630b000300000078"),
            ("t~get`:~/t", "1b"),
            ("select x from `:~/t where z=\"n\"", "+(,`x)!,2 5"),
            ("`:~/a/n set 1 2 3", "`:~/a/n"),
            ("read1`:~/a/n", "0xfe200700000000000300000000000000010000000000000002000000000000000300000000000000"),
            ("get`:~/a/n", "1 2 3"),
            ("value`:~/a/n", "1 2 3"),
            ("`:~/s set `s#1 2", "`:~/s"),
            ("get`:~/s", "`s#1 2"),
            (
                "{x~get(`:~/v)set x}each(5;`a;\"abc\";`a`b;();`a`b!1 2;([k:1 2]v:3 4);2024.01.01 0N;0n 1.5;010b;{x+y})",
                "11111111111b",
            ),
            ("`:~/v set(1 2;3)", "'nyi"),
            ("`:~/v set`u#1 2", "'nyi"),
            ("`:~/v/ set t", "'nyi"),
            ("sym:`a`b", "::"),
            ("`:~/v set`sym$`a`b", "'nyi"),
            ("`:~/v set([]e:`sym$`a`b)", "'nyi"),
            ("`:~/v 0:enlist\"text\"", "`:~/v"),
            ("get`:~/v", "'nyi"),
            ("get`:~/nosuch", "'~/nosuch. OS reports: No such file or directory"),
            ("load`:~/a/n", "`n"),
            ("n", "1 2 3"),
            ("u:t", "::"),
            ("save`:~/t.csv", "`:~/t.csv"),
            ("read0`:~/t.csv", "(\"x,y,z\";\"2,ibm,n\";\"3,amd,p\";\"5,intel,n\")"),
            ("save`$\":~/t.txt\"", "`:~/t.txt"),
            ("first read0`:~/t.txt", "\"x\\ty\\tz\""),
            ("save`:~/t.xml", "`:~/t.xml"),
            ("1#read0`:~/t.xml", ",\"<R>\""),
            ("save`:~/t.xls", "'nyi"),
            ("save`:~/nosuch", "'nosuch"),
            ("save`:~/n`:~/u", "`:~/n`:~/u"),
        ],
    );
}

#[test]
fn handles() {
    check(
        "handles",
        &[
            ("h:hopen`:~/new/f", "::"),
            ("type h", "-6h"),
            ("h~h\"quick brown fox\"", "1b"),
            ("neg[h]~neg[h](\"quick\";\"brown\")", "1b"),
            ("neg[h]\"fox\";neg[h][]", "::"),
            ("read0`:~/new/f", "(\"quick brown foxquick\";\"brown\";\"fox\")"),
            ("h 0x2324;read1(`:~/new/f;31)", "0x2324"),
            ("h 1 2", "'nyi"),
            ("neg[h]1 2", "'nyi"),
            ("h in key .z.W", "0b"),
            ("hclose h", "::"),
            ("@[h;\"x\";{x like\"Cannot write to handle*Bad file descriptor\"}]", "1b"),
            ("h:hopen\":~/new/f\";h\"!\";hclose h", "::"),
            ("hcount`:~/new/f", "34"),
        ],
    );
}

#[test]
fn logs() {
    check(
        "logs",
        &[
            ("`:~/log set()", "`:~/log"),
            ("h:hopen`:~/log", "::"),
            ("x:0 0;upd:{[i;n]x[i]+:n}", "::"),
            ("h enlist(`upd;0;5);h enlist(`upd;1;7);", "::"),
            ("get`:~/log", "((`upd;0;5);(`upd;1;7))"),
            ("-11!`:~/log", "2"),
            ("x", "5 7"),
            ("-11!(1;`:~/log)", "1"),
            ("x", "10 7"),
            ("-11!(-2;`:~/log)", "2"),
            ("h 0x0000;-11!(-2;`:~/log)", "2 66"),
            ("-11!`:~/log", "'badtail"),
            ("x", "15 14"),
            ("-11!(-3;`:~/log)", "'domain"),
            ("-11!`:~/nosuch", "'~/nosuch. OS reports: No such file or directory"),
        ],
    );
}

#[test]
fn without_the_grant() {
    let (folder, running) = (Folder::new("refused"), Running::start(Interpreter::new()));
    fs::write(folder.0.join("f"), b"secret").unwrap();
    let mut h = running.open();
    for text in [
        "`:~/f 0:enlist\"aa\"",
        "`:~/f 1: 0x0101",
        "`:~/f set 1",
        "get`:~/f",
        "read0`:~/f",
        "read1(`:~/f;0;1)",
        "hcount`:~/f",
        "hdel`:~/f",
        "key`:~/f",
        "key`:~/nosuch",
        "hopen`:~/f",
        "load`:~/f",
        "f:1;save`:~/f",
        "-11!`:~/f",
        "system\"l ~/f\"",
        "system\"1 ~/f\"",
    ] {
        let text = text.replace("~/", &format!("{}/", folder.0.display()));
        assert_eq!(printed(&mut h, &text), "'access", "{text}");
    }
    assert_eq!(fs::read(folder.0.join("f")).unwrap(), b"secret");
}

#[test]
fn reval_refuses_changes() {
    check(
        "reval",
        &[
            ("`:~/f 0:enlist\"aa\"", "`:~/f"),
            ("reval(hdel;enlist`:~/f)", "'noupdate: `. `"),
            ("reval(set;enlist`:~/f;1)", "'noupdate: `. `"),
            ("reval(0:;enlist`:~/f;enlist enlist\"aa\")", "'noupdate: `. `"),
            ("reval(hopen;enlist`:~/f)", "'noupdate: `. `"),
            ("reval(read0;enlist`:~/f)", ",\"aa\""),
        ],
    );
}

#[test]
fn hostile_files() {
    check(
        "hostile",
        &[
            // A missing count; invalid types and nestings.
            ("`:~/f 1: 0xfe200700000000000300000000000010", "`:~/f"),
            ("get`:~/f", "'nyi"),
            ("`:~/f 1: 0xff01630b00ffffffff", "`:~/f"),
            ("get`:~/f", "'nyi"),
            ("`:~/f 1: 0xff010000000000000700000000", "`:~/f"),
            ("get`:~/f", "'nyi"),
            ("-11!(-2;`:~/f)", "0 8"),
            ("`:~/f 1: 0xff00", "`:~/f"),
            ("get`:~/f", "'nyi"),
            ("`:~/f 1: 0xff01,1000000#0x000001000000", "`:~/f"),
            ("get`:~/f", "'nyi"),
            ("@[get;`$\":~/\",1000#\"a\";{x like\"*. OS reports: File name too long\"}]", "1b"),
        ],
    );
}

#[test]
fn a_pipe_opened_as_file_does_not_block() {
    let (folder, running) = (Folder::new("pipe"), Running::start(granted()));
    let (pipe, mode) = (folder.0.join("p"), rustix::fs::Mode::RWXU);
    rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, mode, 0).unwrap();
    let mut h = running.open();
    for (text, wanted) in [
        ("read0`:~", "'type"),
        ("get`:~", "'type"),
        ("hcount`:~", "0"),
        ("`:~ 0:enlist\"text\"", "'~. OS reports: No such device or address"),
        ("hopen`:~", "'~. OS reports: No such device or address"),
        ("system\"1 ~\"", "'~. OS reports: No such device or address"),
        ("hdel`:~", "`:~"),
    ] {
        let here = |text: &str| text.replace('~', &pipe.display().to_string());
        assert_eq!(printed(&mut h, &here(text)), here(wanted), "{text}");
    }
}

#[test]
fn files_over_the_result_limit_are_refused() {
    let folder = Folder::new("large");
    let limits = EvalLimits::default().with_bytes(1 << 20);
    let running = Running::start(granted().with_limits(limits));
    // A sparse file of a terabyte.
    fs::File::create(folder.0.join("f")).unwrap().set_len(1 << 40).unwrap();
    let mut h = running.open();
    for (text, wanted) in [
        ("read1`:~/f", "'wsfull"),
        ("read0`:~/f", "'wsfull"),
        ("get`:~/f", "'wsfull"),
        ("hcount`:~/f", "1099511627776"),
        ("count read1(`:~/f;1000000000000;1000)", "1000"),
        ("read1(`:~/f;1000000000000;1000000000)", "'wsfull"),
    ] {
        let text = text.replace('~', &folder.0.display().to_string());
        assert_eq!(printed(&mut h, &text), wanted, "{text}");
    }
}

#[test]
fn open_files_are_bounded() {
    check(
        "bounded",
        &[
            ("h:{hopen`:~/f}each til 256", "::"),
            ("hopen`:~/f", "'~/f. OS reports: Too many open files"),
            ("hclose last h;hclose hopen`:~/f", "::"),
            ("hclose each -1_h;", "::"),
        ],
    );
}

#[test]
fn redirected_output() {
    check(
        "output",
        &[
            ("system\"1 ~/new/out.txt\"", "::"),
            ("system\"2 ~/new/errors.txt\"", "::"),
            ("-1\"text\";-2\"errors\";show 1 2;", "::"),
            ("system\"1 /dev/stdin\"", "::"),
            ("-1\"elsewhere\";", "::"),
            ("read0`:~/new/out.txt", "(\"text\";\"1 2\")"),
            ("read0`:~/new/errors.txt", ",\"errors\""),
            ("system\"1 /dev/null\"", "'type"),
        ],
    );
}

#[test]
fn files_in_chunks() {
    check(
        "pieces",
        &[
            ("`:~/f 0:(\"ab\";\"cdef\";\"g\";\"\";\"hi\")", "`:~/f"),
            ("r:();.Q.fs[{r,:enlist x};`:~/f]", "14"),
            ("r", ",(\"ab\";\"cdef\";,\"g\";\"\";\"hi\")"),
            ("r:();.Q.fsn[{r,:enlist x};`:~/f;8]", "14"),
            ("r", "((\"ab\";\"cdef\");(,\"g\";\"\";\"hi\"))"),
            ("r:();.Q.fsn[{r,:enlist x};`:~/f;5]", "14"),
            ("r", "(,\"ab\";,\"cdef\";(,\"g\";\"\");,\"hi\")"),
            ("`:~/f 1: \"ab\\ncd\"", "`:~/f"),
            ("r:();.Q.fsn[{r,:enlist x};`:~/f;4]", "5"),
            ("r", "(,\"ab\";,\"cd\")"),
            (".Q.fsn[::;`:~/f;2]", "'nyi"),
        ],
    );
}

#[test]
fn upsert_to_a_file() {
    check(
        "rows",
        &[
            ("`:~/t set([]c1:`a`b;c2:1.1 2.2)", "`:~/t"),
            ("`:~/t upsert(`c;3.3)", "`:~/t"),
            ("get`:~/t", "+`c1`c2!(`a`b`c;1.1 2.2 3.3)"),
            ("`:~/t upsert(`d;4)", "'type"),
            ("count get`:~/t", "3"),
            ("`:~/k set([k:1 2]v:3 4)", "`:~/k"),
            ("`:~/k upsert(2;5)", "`:~/k"),
            ("get`:~/k", "(+(,`k)!,1 2)!+(,`v)!,3 5"),
            ("`:~/nosuch upsert(1;2)", "'~/nosuch. OS reports: No such file or directory"),
            ("`:~/t insert(`e;5.5)", "'nyi"),
            (".[`:~/v;();:;1 2]", "`:~/v"),
            (".[`:~/v;();,;3 4]", "`:~/v"),
            (".[`:~/v;();,;`a]", "'type"),
            ("get`:~/v", "1 2 3 4"),
            ("`c1 xasc`:~/t", "'nyi"),
            ("update c2:0 from`:~/t", "'nyi"),
            ("delete from`:~/t", "'nyi"),
            ("1!`:~/t", "'nyi"),
            ("key`.", "`symbol$()"),
            ("system\"l ~/t\"", "'nyi"),
            ("system\"l \",-1_1_\"`~/\"", "'nyi"),
        ],
    );
}

#[test]
fn pipes_are_read_incrementally() {
    use rustix::fs::{CWD, FileType, Mode, mknodat};

    let folder = Folder::new("pipes");
    let path = folder.0.join("pipe");
    mknodat(CWD, &path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
    let limits = kserve::Limits::default().with_request(std::time::Duration::from_millis(200));
    let running = Running::with(granted(), |server| server.with_limits(limits));
    let mut h = running.open();
    let opening = format!("h:hopen`:fifo://{}", path.display());
    assert_eq!(printed(&mut h, &opening), "::");
    // Without a writer, the read ends at the request's time limit.
    assert_eq!(printed(&mut h, "read1 h"), "'stop");
    let mut pipe = fs::OpenOptions::new().write(true).open(&path).unwrap();
    std::io::Write::write_all(&mut pipe, b"hello").unwrap();
    for (text, wanted) in [
        ("read1(h;2)", "0x6865"),
        ("read1(h;0)", "`byte$()"),
        ("read1 h", "0x6c6c6f"),
        ("h\"text\"", "'Cannot write to handle 16777216. OS reports: Bad file descriptor"),
        ("read1(h;-1)", "'domain"),
        ("read1(h;1;2)", "'length"),
        ("read1(h;0W)", "'wsfull"),
        ("read1 77", "'nyi"),
        ("read0 h", "'nyi"),
        ("count read1(hopen`:fifo:///dev/zero;100000)", "100000"),
    ] {
        assert_eq!(printed(&mut h, text), wanted, "{text}");
    }
    drop(pipe);
    for (text, wanted) in [("read1 h", "`byte$()"), ("hclose h", "::"), ("@[read1;h;{`closed}]", "`closed")] {
        assert_eq!(printed(&mut h, text), wanted, "{text}");
    }
    assert_eq!(printed(&mut h, "hopen`:fifo:///no/such"), "'/no/such. OS reports: No such file or directory");
    let closed = Running::start(Interpreter::new());
    assert_eq!(printed(&mut closed.open(), &opening), "'access");
}
