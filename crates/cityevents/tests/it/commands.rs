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
        for command in
            [&["audit"][..], &["admin", "set-role", "a@example.org", "admin"], &["admin", "messages", "status"]]
        {
            let said = say(data_dir, &[], command);
            assert!(!said.well && said.text.contains("there is no database here"), "{}", said.text);
        }
        assert!(!data_dir.join("postgres").exists() && !data_dir.join("postgres.location").exists());
    }
    assert!(!elsewhere.exists());
}

#[test]
fn doctor_says_what_to_install() {
    let dir = TempDir::new();
    let nothing = dir.0.join("bin");
    std::fs::create_dir(&nothing).unwrap();
    let settings = [("CITYEVENTS__DATABASE__BIN_DIR", nothing.to_str().unwrap())];
    let said = say(&dir.0, &settings, &["doctor"]);
    assert!(!said.well && said.text.contains("PostgreSQL 15 or newer"), "{}", said.text);
    // With the programs there, starting it is what helps.
    let said = say(&dir.0, &[], &["doctor"]);
    assert!(!said.well && said.text.contains("start `cityevents serve`"), "{}", said.text);
}

#[test]
fn doctor_tries_the_mail_server() {
    let dir = TempDir::new();
    let secret = dir.0.join("smtp");
    let reference = format!("file:{}", secret.display());
    let doctor = |url: &str| {
        std::fs::write(&secret, url).unwrap();
        let said = say(&dir.0, &[("CITYEVENTS__SMTP__URL", reference.as_str())], &["doctor"]);
        let line = said.text.split("WRONG mail").nth(1).unwrap_or_else(|| panic!("mail is ok: {}", said.text));
        line.split("\nWRONG").next().unwrap().to_owned()
    };
    assert!(doctor("http://x").contains("smtp://"));
    let unreachable = doctor("smtp://somebody:hunter2@127.0.0.1:1");
    assert!(unreachable.contains("smtp.url"), "{unreachable}");
    assert!(!unreachable.contains("hunter2"), "{unreachable}");
    // Accepts and says nothing.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let silent = doctor(&format!("smtp://{}", silent.local_addr().unwrap()));
    assert!(silent.contains("smtp.url"), "{silent}");
}

#[tokio::test]
async fn commands_are_quiet_about_what_is_as_it_should_be() {
    let (dir, db) = (TempDir::new(), TestDb::new(&SCHEMAS).await);
    let settings = [("CITYEVENTS__DATABASE__URL", db.url()), ("CITYEVENTS__LOG__LEVEL", "info")];
    let said = say(&dir.0, &settings, &["migrate"]);
    assert!(said.well);
    assert_eq!(said.text, "The database is up to date.\n");
}

#[tokio::test]
async fn a_file_without_events_is_refused_whatever_its_format() {
    let (dir, db) = (TempDir::new(), TestDb::new(&SCHEMAS).await);
    for (name, content) in [
        ("empty.ics", ""),
        ("empty.csv", ""),
        ("empty.json", "\n"),
        ("none.ics", "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nEND:VCALENDAR\r\n"),
        ("none.json", "{\"@context\": \"https://schema.org\", \"@graph\": []}"),
    ] {
        let file = dir.0.join(name);
        std::fs::write(&file, content).unwrap();
        let settings = [("CITYEVENTS__DATABASE__URL", db.url())];
        let said = say(&dir.0, &settings, &["import", file.to_str().unwrap()]);
        assert!(!said.well && said.text.contains("holds no events"), "{name}: {}", said.text);
    }
}
