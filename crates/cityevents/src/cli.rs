//! The command line.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use clap::{Args, Parser, Subcommand};
use platform::{config::Config, telemetry};

use crate::commands;

/// A city's events: find, publish, join.
#[derive(Debug, Parser)]
#[command(version, about)]
pub struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

#[derive(Args, Debug)]
struct Global {
    /// Settings; environment variables CITYEVENTS__SECTION__KEY win over it.
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Private database cluster, objects, mail files, generated keys.
    #[arg(long, global = true, value_name = "DIR")]
    data_dir: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the server: all roles in this process.
    Serve {
        /// The public door.
        #[arg(long, value_name = "HOST:PORT")]
        listen: Option<SocketAddr>,
        /// Health, for operators only.
        #[arg(long, value_name = "HOST:PORT")]
        ops_listen: Option<SocketAddr>,
    },
    /// Bring the database up to date, and nothing else.
    Migrate,
    /// Read events from CSV, JSON, JSON-LD, XML or iCalendar files.
    Import(commands::import::Options),
    /// Check every invariant on live data; exit code 1 if one is broken.
    Audit,
    /// Check the configuration and every dependency, and say how to mend what is wrong.
    Doctor {
        /// Only print the database's URL, if it runs.
        #[arg(long)]
        print_database_url: bool,
    },
    /// Print the API description.
    Openapi,
    /// Print derived documents.
    #[command(subcommand, hide = true)]
    Print(Print),
    /// Accounts and messages, for operators.
    #[command(subcommand)]
    Admin(commands::admin::Command),
    /// Helpers for developers; refused unless mode = "dev".
    #[command(subcommand)]
    Dev(commands::dev::Command),
}

#[derive(Debug, Subcommand)]
enum Print {
    /// docs/errors.md
    Errors,
    /// The commented default configuration.
    Config,
}

/// Runs what the command line says.
///
/// # Errors
/// With a sentence for the person at the terminal.
pub async fn run(cli: Cli) -> anyhow::Result<()> {
    let mut config = Config::load(cli.global.config.as_deref()).context("cannot read the configuration")?;
    if let Some(dir) = cli.global.data_dir {
        config.data_dir = dir;
    }
    match cli.command {
        Command::Openapi => print!("{}", crate::description::openapi_json()),
        Command::Print(Print::Errors) => print!("{}", crate::description::errors_markdown()),
        Command::Print(Print::Config) => print!("{}", platform::config::DEFAULT_TOML),
        command => {
            telemetry::init(&config.log, &config.telemetry).map_err(anyhow::Error::msg).context("log.level")?;
            config.data_dir = absolute(&config.data_dir, command.only_looks())?;
            with_config(command, config).await?;
        }
    }
    Ok(())
}

async fn with_config(command: Command, mut config: Config) -> anyhow::Result<()> {
    match command {
        Command::Serve { listen, ops_listen } => {
            config.listen_on(listen.unwrap_or(config.http.listen));
            config.http.ops_listen = ops_listen.unwrap_or(config.http.ops_listen);
            commands::serve::run(config).await
        }
        Command::Migrate => commands::migrate(&config).await,
        Command::Import(options) => commands::import::run(&config, options).await,
        Command::Audit => commands::audit::run(&config).await,
        Command::Doctor { print_database_url } => commands::doctor::run(&config, print_database_url).await,
        Command::Admin(command) => commands::admin::run(&config, command).await,
        Command::Dev(command) => commands::dev::run(&config, command).await,
        Command::Openapi | Command::Print(_) => Ok(()),
    }
}

impl Command {
    /// Whether it leaves nothing behind where nothing is.
    fn only_looks(&self) -> bool {
        match self {
            Self::Audit | Self::Doctor { .. } => true,
            Self::Admin(command) => command.needs_database(),
            _ => false,
        }
    }
}

/// The same directory whatever the programs that we start take as their working directory.
fn absolute(dir: &Path, only_look: bool) -> anyhow::Result<PathBuf> {
    if only_look && !dir.exists() {
        return std::path::absolute(dir).with_context(|| format!("cannot tell where {} is", dir.display()));
    }
    std::fs::create_dir_all(dir).with_context(|| format!("cannot make the data directory {}", dir.display()))?;
    dir.canonicalize().with_context(|| format!("cannot read the data directory {}", dir.display()))
}
