//! `kcorpus bench`: measures the codec on given messages.

use std::io::{self, Write};
use std::path::PathBuf;
use std::time::Duration;

use crate::cases::Messages;
use cap::Cap;
use clap::Args;
use kcorpus::measure::{Class, Figures, Operation, class_name, classes};
use kwire::Limits;
use plotters::prelude::*;

#[global_allocator]
static ALLOCATOR: Cap<std::alloc::System> = Cap::new(std::alloc::System, usize::MAX);

/// Arguments of `kcorpus bench`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    #[command(flatten)]
    messages: Messages,
    /// Print one JSON object per line instead of a table.
    #[arg(long)]
    json: bool,
    /// Plot the speeds into an SVG file.
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
    /// Seconds per operation and size class.
    #[arg(long, default_value_t = 0.5, value_name = "SECONDS")]
    seconds: f64,
}

/// A class's name and its measurements.
type Row = (String, Vec<Figures>);

pub(crate) fn run(options: &Options) -> Result<bool, Box<dyn std::error::Error>> {
    let messages = options.messages.load()?;
    let classes = classes(messages.iter().map(Vec::as_slice), &Limits::default())
        .map_err(|(number, error)| format!("message {number}: {error}"))?;
    let time = Duration::try_from_secs_f64(options.seconds).map_err(|error| format!("--seconds: {error}"))?;
    let mut out = io::stdout().lock();
    let mut rows: Vec<Row> = Vec::new();
    for class in &classes {
        let figures = measured(class, time);
        let name = class_name(class.most);
        if options.json {
            write_json(&name, &figures, &mut out)?;
        } else {
            write_table(&name, class, &figures, &mut out)?;
        }
        out.flush()?;
        rows.push((name, figures));
    }
    if let Some(path) = &options.svg {
        draw(path, &rows).map_err(|error| format!("{}: {error}", path.display()))?;
    }
    Ok(!rows.is_empty())
}

fn measured(class: &Class, time: Duration) -> Vec<Figures> {
    let allocated = || ALLOCATOR.total_allocated();
    Operation::ALL.into_iter().filter_map(|operation| class.measure(operation, time, &allocated)).collect()
}

/// The time per byte of an operation, relative to memcpy.
fn ratio(figures: &Figures, all: &[Figures]) -> f64 {
    let per_byte = |figures: &Figures| figures.nanoseconds / figures.bytes as f64;
    all.first().map_or(f64::NAN, |memcpy| per_byte(figures) / per_byte(memcpy))
}

fn write_table(name: &str, class: &Class, all: &[Figures], out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "{name}: {} messages, {} bytes of bodies", class.messages(), class.bytes())?;
    writeln!(
        out,
        "  {:<10} {:>12} {:>9} {:>9} {:>9} {:>9} {:>9} {:>9}",
        "", "messages/s", "MB/s", "memcpy ×", "p50", "p99", "max", "allocates"
    )?;
    for figures in all {
        let [p50, p99, most] = figures.percentiles.map(span);
        writeln!(
            out,
            "  {:<10} {:>12.0} {:>9.0} {:>9.2} {p50:>9} {p99:>9} {most:>9} {:>7.0} B",
            figures.operation.name(),
            figures.rate(),
            figures.byte_rate() / 1e6,
            ratio(figures, all),
            figures.allocated,
        )?;
    }
    writeln!(out)
}

fn write_json(name: &str, all: &[Figures], out: &mut impl Write) -> io::Result<()> {
    for figures in all {
        let [p50, p99, most] = figures.percentiles;
        let line = serde_json::json!({
            "class": name, "operation": figures.operation.name(), "messages": figures.messages, "bytes": figures.bytes,
            "messages_per_second": figures.rate(), "bytes_per_second": figures.byte_rate(),
            "times_memcpy": ratio(figures, all), "p50_ns": p50, "p99_ns": p99, "max_ns": most,
            "allocated_bytes_per_message": figures.allocated,
        });
        writeln!(out, "{line}")?;
    }
    Ok(())
}

/// Formats a time for the table.
fn span(nanoseconds: u64) -> String {
    match nanoseconds {
        0..10_000 => format!("{nanoseconds} ns"),
        10_000..10_000_000 => format!("{} µs", nanoseconds / 1_000),
        _ => format!("{} ms", nanoseconds / 1_000_000),
    }
}

/// Plots MB/s on a logarithmic axis: one line per operation, one point per class.
fn draw(path: &std::path::Path, rows: &[Row]) -> Result<(), Box<dyn std::error::Error>> {
    let speeds = rows.iter().flat_map(|(_, all)| all.iter().map(|figures| figures.byte_rate() / 1e6));
    let (least, most) = speeds.fold((f64::MAX, f64::MIN), |(least, most), speed| (least.min(speed), most.max(speed)));
    let root = SVGBackend::new(path, (900, 500)).into_drawing_area();
    root.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&root)
        .caption("MB/s by size of the body", ("sans-serif", 20))
        .margin(15)
        .x_label_area_size(35)
        .y_label_area_size(70)
        .build_cartesian_2d(-0.5..rows.len() as f64 - 0.5, (least / 2.0..most * 2.0).log_scale())?;
    let name = |at: &f64| {
        let row = rows.get(at.round().max(0.0) as usize).filter(|_| at.fract().abs() < 0.01);
        row.map(|(name, _)| name.clone()).unwrap_or_default()
    };
    chart.configure_mesh().x_labels(rows.len() * 2 + 1).x_label_formatter(&name).y_desc("MB/s").draw()?;
    for (number, operation) in Operation::ALL.into_iter().enumerate() {
        let points: Vec<(f64, f64)> = rows
            .iter()
            .enumerate()
            .filter_map(|(at, (_, all))| {
                let figures = all.iter().find(|figures| figures.operation == operation)?;
                Some((at as f64, figures.byte_rate() / 1e6))
            })
            .collect();
        let color = Palette99::pick(number).to_rgba();
        chart
            .draw_series(LineSeries::new(points.iter().copied(), color.stroke_width(2)).point_size(4))?
            .label(operation.name())
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], color.stroke_width(2)));
    }
    chart.configure_series_labels().background_style(WHITE.mix(0.8)).border_style(BLACK).draw()?;
    root.present()?;
    Ok(())
}
