use dogpile::dogpile;

struct Store(u32);

impl Store {
    #[dogpile(expire = "1h", refresh = "background", key(self.0: u32))]
    async fn config(&self) -> u32 {
        self.0
    }
}

fn main() {}
