//! Which database: the configured one, or the private cluster in the data directory.

use anyhow::{Context as _, bail};
use platform::{
    cluster::{self, Cluster, ClusterConfig, ClusterError},
    config::Config,
    db::{self, Schema},
};
use secrecy::ExposeSecret as _;

/// The roles that own a schema.
pub const SCHEMAS: [Schema; 5] = [auth::SCHEMA, events::SCHEMA, joins::SCHEMA, feed::SCHEMA, notify::SCHEMA];

/// A database to work with, and the cluster behind it if it is ours.
#[derive(Debug)]
pub struct Database {
    /// Its URL; may contain a password.
    pub url: String,
    cluster: Option<Cluster>,
}

impl Database {
    /// Takes the configured database, or starts the private cluster (or attaches to it, where another process already runs it).
    ///
    /// # Errors
    /// With a way to mend it.
    pub async fn open(config: &Config) -> anyhow::Result<Self> {
        if let Some(url) = config.database.url()? {
            return Ok(Self { url: url.expose_secret().to_owned(), cluster: None });
        }
        let cluster = cluster::start_or_attach(cluster_config(config)).await?;
        Ok(Self { url: cluster.url(), cluster: Some(cluster) })
    }

    /// The same, but makes no cluster where none is.
    ///
    /// # Errors
    /// With a way to mend it.
    pub async fn existing(config: &Config) -> anyhow::Result<Self> {
        if config.database.url.is_none() && !cluster::exists(&cluster_config(config))? {
            bail!(
                "there is no database here: {} holds none, and database.url is not set. Give --data-dir the directory \
                 that the server uses, or make a database with `cityevents serve` or `cityevents migrate`",
                config.data_dir.display()
            );
        }
        Self::open(config).await
    }

    /// The same without starting anything: `None` if the private cluster does not run.
    ///
    /// # Errors
    /// If the configured URL cannot be resolved.
    pub async fn running(config: &Config) -> anyhow::Result<Option<String>> {
        if let Some(url) = config.database.url()? {
            return Ok(Some(url.expose_secret().to_owned()));
        }
        Ok(cluster::running_url(&cluster_config(config)).await)
    }

    /// Whether the private cluster, which does not run, could be started.
    ///
    /// # Errors
    /// What is missing, and how to mend it.
    pub async fn startable(config: &Config) -> Result<(), ClusterError> {
        cluster::startable(&cluster_config(config)).await
    }

    /// Brings every schema up to date.
    ///
    /// # Errors
    /// As [`db::migrate`].
    pub async fn migrate(&self) -> anyhow::Result<()> {
        migrate(&self.url).await
    }

    /// Stops the cluster, if this process owns it.
    ///
    /// # Errors
    /// If it does not stop.
    pub async fn close(self) -> anyhow::Result<()> {
        if let Some(cluster) = self.cluster {
            cluster.stop().await?;
        }
        Ok(())
    }
}

/// Brings every schema of the database at `url` up to date.
///
/// # Errors
/// As [`db::migrate`].
pub async fn migrate(url: &str) -> anyhow::Result<()> {
    db::migrate_bus(url).await.context("cannot migrate the bus")?;
    for schema in SCHEMAS {
        db::migrate(url, schema).await.with_context(|| format!("cannot migrate {}", schema.name))?;
    }
    Ok(())
}

fn cluster_config(config: &Config) -> ClusterConfig {
    ClusterConfig { data_dir: config.data_dir.clone(), bin_dir: config.database.bin_dir.clone() }
}
