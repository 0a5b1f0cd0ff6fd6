use dogpile::dogpile;

fn wait_time() -> std::time::Duration {
    std::time::Duration::MAX
}

#[dogpile(expire = "1h", wait = wait_time())]
fn config() -> Result<u32, Box<dyn std::error::Error>> {
    Ok(1)
}

fn main() {}
