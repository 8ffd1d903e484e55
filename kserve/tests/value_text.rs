//! Every line of `corpus/value.txt`, through a socket, printed as a console prints it.

mod running;

use kcodec::{Console, Value, console};
use kserve::Interpreter;
use kwire::blocking::Handle;
use running::Running;

/// What a console shows for an expression.
fn printed(h: &mut Handle, text: &str) -> String {
    match h.sync(text).map_err(|error| error.to_string()) {
        Ok(answer) if answer.value() == Value::NULL => String::new(),
        Ok(answer) => console(answer.value(), Console::default()).trim_end_matches('\n').to_owned(),
        Err(error) => error,
    }
}

#[test]
fn every_line_prints_what_it_should() {
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
