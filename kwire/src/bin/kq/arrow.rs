//! Tables into Arrow and Parquet files: feature `arrow`.

use std::path::PathBuf;

use clap::Args;
use clap::builder::{PathBufValueParser, TypedValueParser};
use kcodec::Body;

use crate::fault::Fault;

/// Files instead of standard output.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Output")]
pub(crate) struct Files {
    /// Write the table into an Arrow IPC file and show nothing.
    #[arg(long, value_name = "FILE", group = "form", requires = "expression")]
    #[arg(value_parser = PathBufValueParser::new().try_map(built))]
    arrow: Option<PathBuf>,
    /// Write the table into a Parquet file, compressed by Snappy, and show nothing.
    #[arg(long, value_name = "FILE", group = "form", requires = "expression")]
    #[arg(value_parser = PathBufValueParser::new().try_map(built))]
    parquet: Option<PathBuf>,
}

/// Refuses the options where they can do nothing.
fn built(path: PathBuf) -> Result<PathBuf, &'static str> {
    if cfg!(feature = "arrow") {
        Ok(path)
    } else {
        Err("this kq was built without Arrow: cargo install --path kwire --features arrow")
    }
}

impl Files {
    /// Whether results go into a file.
    pub(crate) const fn is_some(&self) -> bool {
        self.arrow.is_some() || self.parquet.is_some()
    }

    /// Writes a table or keyed table. A file is created, or an old one cut, only once the table is known to fit.
    ///
    /// # Errors
    ///
    /// What has no Arrow type, and the OS error with the file's name.
    #[cfg(feature = "arrow")]
    pub(crate) fn write(&self, body: &Body) -> Result<(), Fault> {
        use std::fmt::Display;
        use std::fs::File;
        use std::path::Path;

        use arrow_ipc::writer::FileWriter;
        use parquet::arrow::ArrowWriter;
        use parquet::basic::Compression;
        use parquet::file::properties::WriterProperties;

        fn named<E: Display>(path: &Path) -> impl Fn(E) -> Fault {
            move |error| Fault::End(format!("{}: {error}", path.display()))
        }

        let batch = kcodec::arrow::to_batch(body).map_err(|error| Fault::Message(error.to_string()))?;
        if let Some(path) = &self.arrow {
            let file = File::create(path).map_err(named(path))?;
            let mut writer = FileWriter::try_new_buffered(file, batch.schema_ref()).map_err(named(path))?;
            writer.write(&batch).and_then(|()| writer.finish()).map_err(named(path))?;
        }
        if let Some(path) = &self.parquet {
            let file = File::create(path).map_err(named(path))?;
            let properties = WriterProperties::builder().set_compression(Compression::SNAPPY).build();
            let mut writer = ArrowWriter::try_new(file, batch.schema(), Some(properties)).map_err(named(path))?;
            writer.write(&batch).and_then(|()| writer.close()).map_err(named(path))?;
        }
        Ok(())
    }

    /// Not reached: the options were refused.
    #[cfg(not(feature = "arrow"))]
    pub(crate) fn write(&self, _: &Body) -> Result<(), Fault> {
        Err(Fault::End("built without Arrow".to_owned()))
    }
}
