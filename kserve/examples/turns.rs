use kcodec::Value;
use std::time::Instant;
fn main() {
    let mut q = kserve::q::Interpreter::new();
    for text in std::env::args().skip(1) {
        let n: u32 = 300_000;
        let t = Instant::now();
        for _ in 0..n {
            let _ = std::hint::black_box(q.evaluate(Value::from(&text)));
        }
        println!("{text}: {:.0} ns", t.elapsed().as_nanos() as f64 / f64::from(n));
    }
}
