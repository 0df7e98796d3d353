//! Administration of keys, numbers, agents and accounts, and the check.

use std::process::ExitCode;

use crate::app::{App, StartError, check_embedded, open_state, open_state_as};
use crate::args::{AccountsCommand, AgentsCommand, KeysCommand, NumbersCommand};
use crate::chat_id::phone;
use crate::check::CheckScope;
use crate::config::Config;
use crate::http::{new_agent_credential, new_key};
use crate::state::{EMBEDDED, NumberRow, agent_route};

pub(crate) async fn keys(config: &Config, command: KeysCommand) -> Result<ExitCode, StartError> {
    let state = open_state(config).await?;
    let mut code = ExitCode::SUCCESS;
    match command {
        KeysCommand::Add { account, label, expires } => {
            let (id, key, hash) = new_key();
            state.add_key(&id, named(&account)?, &hash, &label, expires).await?;
            println!("{key}");
        }
        KeysCommand::List => {
            println!("id\taccount\tcreated_ms\trevoked_ms\texpires_ms\tused_ms\tlabel");
            for row in state.keys().await? {
                let times = [row.revoked_at, row.expires_at, row.used_at].map(dash).join("\t");
                println!("{}\t{}\t{}\t{times}\t{}", row.id, row.account, row.created_at, row.label);
            }
        }
        KeysCommand::Revoke { id } if state.revoke_key(&id).await? => println!("revoked {id}"),
        KeysCommand::Revoke { id } => code = missing("active key", &id),
    }
    state.close().await;
    Ok(code)
}

pub(crate) async fn numbers(config: &Config, command: NumbersCommand) -> Result<ExitCode, StartError> {
    let state = open_state(config).await?;
    let mut code = ExitCode::SUCCESS;
    match command {
        NumbersCommand::Add { account, number, agent } => {
            let number = phone(&number).ok_or("the number is not E.164, such as +15551234567")?;
            let route = match &agent {
                Some(agent) if !state.agents().await?.iter().any(|row| row.id == *agent) => {
                    state.close().await;
                    return Ok(missing("agent", agent));
                }
                Some(agent) => agent_route(agent),
                None => {
                    check_embedded(config, &state)?;
                    EMBEDDED.to_owned()
                }
            };
            let row = NumberRow { number, account: named(&account)?.to_owned(), route };
            if state.add_number(&row).await? {
                println!("{}\t{}\t{}", row.account, row.number, row.route);
            } else {
                eprintln!("image-ingest-server: {} belongs to another account", row.number);
                code = ExitCode::FAILURE;
            }
        }
        NumbersCommand::List => {
            println!("account\tnumber\troute");
            state.numbers().await?.iter().for_each(|row| println!("{}\t{}\t{}", row.account, row.number, row.route));
        }
        NumbersCommand::Remove { number } if state.remove_number(&number).await? => println!("removed {number}"),
        NumbersCommand::Remove { number } => code = missing("number", &number),
    }
    state.close().await;
    Ok(code)
}

pub(crate) async fn agents(config: &Config, command: AgentsCommand) -> Result<ExitCode, StartError> {
    let state = open_state(config).await?;
    let mut code = ExitCode::SUCCESS;
    match command {
        AgentsCommand::Add { name } => {
            let (credential, hash) = new_agent_credential(named(&name)?);
            if state.add_agent(&name, &hash).await? {
                println!("{credential}");
            } else {
                eprintln!("image-ingest-server: there is an agent {name} already; rotate gives it another credential");
                code = ExitCode::FAILURE;
            }
        }
        AgentsCommand::List => {
            println!("name\tadded_ms\trevoked_ms\tpolled_ms");
            for row in state.agents().await? {
                println!("{}\t{}\t{}\t{}", row.id, row.added_at, dash(row.revoked_at), dash(row.polled_at));
            }
        }
        AgentsCommand::Revoke { name } if state.revoke_agent(&name).await? => println!("revoked {name}"),
        AgentsCommand::Revoke { name } => code = missing("active agent", &name),
        AgentsCommand::Rotate { name } => {
            let (credential, hash) = new_agent_credential(&name);
            if state.rotate_agent(&name, &hash).await? {
                println!("{credential}");
            } else {
                code = missing("agent", &name);
            }
        }
    }
    state.close().await;
    Ok(code)
}

pub(crate) async fn accounts(config: &Config, command: AccountsCommand) -> Result<ExitCode, StartError> {
    let AccountsCommand::Erase { account, confirm } = command;
    if account != confirm {
        return Err("--confirm is not the account's name".into());
    }
    let state = open_state(config).await?;
    println!("erased {account}: {} chats", state.erase_account(&account).await?);
    state.close().await;
    Ok(ExitCode::SUCCESS)
}

pub(crate) async fn migrate(config: &Config) -> Result<ExitCode, StartError> {
    open_state_as(config, true).await?.close().await;
    println!("the schema is up to date");
    Ok(ExitCode::SUCCESS)
}

pub(crate) async fn check(config: Config, scope: CheckScope, repair: bool) -> Result<ExitCode, StartError> {
    let public_url = config.public_url(config.listen);
    let (app, _) = App::open(config, public_url).await?;
    let findings = if repair { app.repair().await? } else { app.check(scope).await? };
    app.state.close().await;
    findings.lines().iter().for_each(|line| println!("{line}"));
    Ok(if findings.is_good() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// A name as it may be listed, one to a line.
fn named(name: &str) -> Result<&str, StartError> {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"_-.".contains(&b);
    let ok = (1..=64).contains(&name.len()) && name.bytes().all(allowed);
    if ok { Ok(name) } else { Err("a name is 1 to 64 letters, digits, dots, dashes or underscores".into()) }
}

fn dash(time: Option<i64>) -> String {
    time.map_or_else(|| "-".into(), |at| at.to_string())
}

fn missing(what: &str, name: &str) -> ExitCode {
    eprintln!("image-ingest-server: there is no {what} {name}");
    ExitCode::FAILURE
}
