//! What commands say to the person at the terminal.

use std::{path::Path, process::Output};

use cityevents::database::SCHEMAS;
use testkit::TestDb;

use crate::support::{TempDir, binary};

/// All that a command printed, and whether it went well.
struct Said {
    text: String,
    well: bool,
}

fn say(data_dir: &Path, settings: &[(&str, &str)], arguments: &[&str]) -> Said {
    let mut command = binary(data_dir);
    command.envs(settings.iter().copied()).args(arguments);
    let Output { status, stdout, stderr } = command.output().unwrap();
    let text = format!("{}{}", String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
    Said { text, well: status.success() }
}

#[test]
fn a_command_that_only_looks_makes_no_database() {
    let dir = TempDir::new();
    let elsewhere = dir.0.join("mistyped");
    for data_dir in [&dir.0, &elsewhere] {
        let said = say(data_dir, &[], &["audit"]);
        assert!(!said.well && said.text.contains("there is no database here"), "{}", said.text);
        assert!(!data_dir.join("postgres").exists() && !data_dir.join("postgres.location").exists());
    }
    assert!(!elsewhere.exists());
}

#[tokio::test]
async fn commands_are_quiet_about_what_is_as_it_should_be() {
    let (dir, db) = (TempDir::new(), TestDb::new(&SCHEMAS).await);
    let settings = [("CITYEVENTS__DATABASE__URL", db.url()), ("CITYEVENTS__LOG__LEVEL", "info")];
    let said = say(&dir.0, &settings, &["migrate"]);
    assert!(said.well);
    assert_eq!(said.text, "The database is up to date.\n");
}
