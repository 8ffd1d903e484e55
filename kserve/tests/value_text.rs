//! Evaluates every line of `corpus/value.txt` over a socket, and compares q's one-line form.

mod running;

use kcodec::Value;
use kserve::Interpreter;
use kwire::blocking::Handle;
use running::Running;

/// The answer in one-line form, or the error after a quote.
fn printed(h: &mut Handle, text: &str) -> String {
    // `chars`, because text of one byte would be sent as a char atom.
    match h.sync(Value::chars(text.as_bytes())) {
        Ok(answer) => answer.value().to_string(),
        Err(error) => error.to_string(),
    }
}

#[test]
fn every_line_prints_the_expected_result() {
    let (mut wrong, mut count) = (Vec::new(), 0);
    for (heading, section) in kcorpus::evaluations() {
        let running = Running::start(Interpreter::new());
        let mut h = running.open();
        for case in section {
            let found = printed(&mut h, &case.text);
            count += 1;
            if found != case.printed {
                wrong.push(format!(
                    "{}: {heading}: {}\nwanted:\n{}\nfound:\n{found}\n",
                    case.line, case.text, case.printed
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {count} differ:\n{}", wrong.len(), wrong.join("\n"));
    assert!(count >= 800, "only {count} lines");
}
