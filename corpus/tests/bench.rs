//! Tests of `kcorpus bench`.

use std::process::{Command, Output};

fn bench(arguments: &[&str]) -> Output {
    let output = Command::new(env!("CARGO_BIN_EXE_kcorpus"))
        .args(["bench", "--seconds", "0.01"])
        .args(arguments)
        .output()
        .expect("it runs");
    assert!(String::from_utf8_lossy(&output.stderr).lines().count() <= 1, "one line: {output:?}");
    output
}

#[test]
fn prints_a_table_json_and_a_plot() {
    let folder = tempfile::tempdir().unwrap();
    let plot = folder.path().join("plot.svg");
    let table = bench(&["--svg", plot.to_str().unwrap()]);
    assert!(table.status.success(), "{table:?}");
    let text = String::from_utf8(table.stdout).unwrap();
    for row in ["≤ 100 B: ", "≤ 10 kB: ", "memcpy", "validate", "visit", "encode", "compress", "decompress", "index"]
    {
        assert!(text.contains(row), "{row} in {text}");
    }
    let svg = std::fs::read_to_string(plot).unwrap();
    assert!(svg.starts_with("<svg") && svg.contains("decompress") && svg.contains("≤ 100 B"));

    let json = bench(&["--json"]);
    let lines: Vec<serde_json::Value> =
        String::from_utf8(json.stdout).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for line in &lines {
        let figure = |name: &str| line[name].as_f64().unwrap_or_else(|| panic!("{name} in {line}"));
        assert!(figure("messages_per_second") > 0.0 && figure("bytes_per_second") > 0.0 && figure("p50_ns") > 0.0);
        assert!(figure("p50_ns") <= figure("p99_ns") && figure("p99_ns") <= figure("max_ns"), "{line}");
        // Checking, reading, and encoding into warm memory do not allocate.
        if ["memcpy", "validate", "visit", "encode"].contains(&line["operation"].as_str().unwrap()) {
            assert_eq!(figure("allocated_bytes_per_message"), 0.0, "{line}");
        }
    }
    assert!(lines.iter().any(|line| line["operation"] == "decompress"));
}

#[test]
fn a_malformed_message_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("messages.hex");
    std::fs::write(&file, "010000000d000000fa01000000\n010000000a000000ff02\n").unwrap();
    let output = bench(&[file.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1));
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(error.contains("message 1: malformed message: 9: not a boolean: 2"), "{error}");
}
