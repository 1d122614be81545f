use anyhow::bail;
use platform::config::Config;

/// Checks every invariant on live data.
pub async fn run(config: &Config) -> anyhow::Result<()> {
    let database = super::open_existing(config).await?;
    let mut broken = 0;
    let joins = super::pool(&database, joins::SCHEMA.name)?;
    let events = super::pool(&database, events::SCHEMA.name)?;
    for it in joins::audit(&joins).await? {
        broken += 1;
        println!("joins: {}: event {}: {}", it.rule, it.event_id, it.detail);
    }
    for it in events::audit(&events).await? {
        broken += 1;
        println!("events: {}: event {}: {}", it.rule, it.event_id, it.detail);
    }
    joins.close().await;
    events.close().await;
    database.close().await?;
    if broken > 0 {
        bail!("{broken} rows break an invariant");
    }
    println!("Every invariant holds.");
    Ok(())
}
