//! Tables into files.

use super::server::answering;
use super::{errors, kq, text};

#[cfg(feature = "arrow")]
mod files {
    use std::fs::{self, File};
    use std::path::Path;

    use arrow_ipc::reader::FileReader;
    use kcodec::arrow::to_body;
    use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

    use super::{answering, errors, kq, text};

    const TABLE: &str = "([k:`s#1 2 3]b:010b;g:0Ng 0Ng 0Ng;x:0x010203;h:1 0N 3h;i:1 0N 3i;e:1 0N 3e;f:1.5 0n 0w;c:\"abc\";\
         s:`a``b;p:2024.01.31D09:30:00 0N 0Wp;m:2024.01 0N 2024.03m;d:2024.01.31 0N 0Wd;z:2024.01.31T09:30:00 0Nz 0Nz;\
         n:0D01:00:00 0N 0Wn;u:09:30 0N 0Wu;v:09:30:00 0N 0Wv;t:09:30:00.000 0N 0Wt;C:(\"ab\";\"\";\"c\\377\");\
         J:(1 2;`long$();,0N);S:(`a`b;`symbol$();,`))";

    /// The body of the only batch in a file.
    fn read(option: &str, path: &Path) -> kcodec::Body {
        let file = File::open(path).unwrap();
        let batch = match option {
            "--arrow" => FileReader::try_new(file, None).unwrap().next().unwrap().unwrap(),
            _ => {
                // Batches of this reader are without the file's metadata, which tells keys from values.
                let builder = ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
                let schema = builder.schema().clone();
                builder.build().unwrap().next().unwrap().unwrap().with_schema(schema).unwrap()
            }
        };
        to_body(&batch).unwrap()
    }

    #[test]
    fn a_table_in_a_file_is_the_table_that_came() {
        let folder = tempfile::tempdir().unwrap();
        for (option, name) in [("--arrow", "t.arrow"), ("--parquet", "t.parquet")] {
            let path = folder.path().join(name);
            let (address, _server) = answering(|_| TABLE.to_owned());
            let output = kq(&[&address, "t", option, path.to_str().unwrap()], b"");
            assert_eq!((text(&output), errors(&output), output.status.code()), ("", "", Some(0)));
            assert_eq!(read(option, &path).as_bytes(), kcodec::parse(TABLE).unwrap().as_bytes(), "{option}");
        }
    }

    #[test]
    fn a_file_is_left_alone_where_there_is_no_table() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.arrow");
        fs::write(&path, "before").unwrap();
        for (answer, error) in [
            ("1 2", "kq: not a table: long\n"),
            ("([]x:(1;`a))", "kq: column x: no Arrow type for list with long atom in it\n"),
            ("'type", "'type\n"),
        ] {
            let (address, _server) = answering(move |_| answer.to_owned());
            let output = kq(&[&address, "t", "--arrow", path.to_str().unwrap()], b"");
            assert_eq!((text(&output), errors(&output), output.status.code()), ("", error, Some(1)));
            assert_eq!(fs::read(&path).unwrap(), b"before");
        }
        let (address, _server) = answering(|_| "([]x:1 2)".to_owned());
        let missing = folder.path().join("none/t.parquet");
        let output = kq(&[&address, "t", "--parquet", missing.to_str().unwrap()], b"");
        let error = format!("kq: {}: No such file or directory (os error 2)\n", missing.display());
        assert_eq!((errors(&output), output.status.code()), (error.as_str(), Some(1)));
    }

    #[test]
    fn a_file_is_one_form_of_one_result() {
        for arguments in [
            &["1", "--arrow", "t"][..],
            &["1", "x", "--arrow", "t", "--csv"],
            &["1", "x", "--arrow", "t", "--parquet", "u"],
        ] {
            assert_eq!(kq(arguments, b"").status.code(), Some(2), "{arguments:?}");
        }
    }
}

#[cfg(not(feature = "arrow"))]
#[test]
fn without_the_feature_the_error_names_it() {
    let (address, _server) = answering(|_| "([]x:1 2)".to_owned());
    let output = kq(&[&address, "t", "--parquet", "t.parquet"], b"");
    assert_eq!((text(&output), output.status.code()), ("", Some(2)));
    assert!(errors(&output).contains("--features arrow"), "{}", errors(&output));
}
