//! Administration of keys and numbers, and the check.

use std::process::ExitCode;

use crate::app::{App, StartError, open_state};
use crate::args::{KeysCommand, NumbersCommand};
use crate::chat_id::phone;
use crate::config::Config;
use crate::http::new_key;
use crate::state::NumberRow;

pub(crate) async fn keys(config: &Config, command: KeysCommand) -> Result<ExitCode, StartError> {
    let state = open_state(config).await?;
    let mut code = ExitCode::SUCCESS;
    match command {
        KeysCommand::Add { account, label } => {
            let (id, key, hash) = new_key();
            state.add_key(&id, named(&account)?, &hash, &label).await?;
            println!("{key}");
        }
        KeysCommand::List => {
            println!("id\taccount\tcreated_ms\trevoked_ms\tlabel");
            for row in state.keys().await? {
                let revoked = row.revoked_at.map_or_else(|| "-".into(), |at| at.to_string());
                println!("{}\t{}\t{}\t{revoked}\t{}", row.id, row.account, row.created_at, row.label);
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
        NumbersCommand::Add { account, number, route } => {
            let number = phone(&number).ok_or("the number is not E.164, such as +15551234567")?;
            if route != "embedded" && !route.starts_with("http://") && !route.starts_with("https://") {
                return Err("the route is neither embedded nor an http or https URL".into());
            }
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

pub(crate) async fn check(config: Config, devices: bool) -> Result<ExitCode, StartError> {
    let public_url = config.public_url(config.listen);
    let (app, _) = App::open(config, public_url).await?;
    let findings = app.check(devices).await?;
    app.state.close().await;
    println!("chats {}, objects {}, pending changes {}", findings.chats, findings.objects, findings.pending);
    findings.faults.iter().for_each(|fault| println!("fault: {fault}"));
    Ok(if findings.faults.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// An account's name as it may be listed, one to a line.
fn named(account: &str) -> Result<&str, StartError> {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"_-.".contains(&b);
    let ok = (1..=64).contains(&account.len()) && account.bytes().all(allowed);
    if ok { Ok(account) } else { Err("an account is 1 to 64 letters, digits, dots, dashes or underscores".into()) }
}

fn missing(what: &str, name: &str) -> ExitCode {
    eprintln!("image-ingest-server: there is no {what} {name}");
    ExitCode::FAILURE
}
