//! The cipher suite of sealed payloads: HPKE (RFC 9180), base mode, one message a context.
//!
//! ```text
//! KEM   DHKEM(X25519, HKDF-SHA256)     0x0020
//! KDF   HKDF-SHA256                    0x0001
//! AEAD  ChaCha20Poly1305               0x0003
//! sealed  suite u8 (1) | encapsulated key 32 | ciphertext with its tag 16
//! ```

use hpke::aead::ChaCha20Poly1305;
use hpke::kdf::HkdfSha256;
use hpke::kem::{Kem as _, X25519HkdfSha256 as Kem};
use hpke::rand_core::{TryCryptoRng, TryRng};
use hpke::{Deserializable as _, OpModeR, OpModeS, Serializable as _};
use std::convert::Infallible;
use zeroize::Zeroizing;

/// Names the suite above as the first byte of what is sealed.
pub const SUITE_X25519_CHACHA20: u8 = 1;
/// Length of a public key and of the secret that a key pair is derived from, in bytes.
pub const KEY_BYTES: usize = 32;
/// How much longer the sealed form is than the plain one, in bytes.
pub const OVERHEAD_BYTES: usize = 1 + KEY_BYTES + 16;

/// Why something cannot be sealed or opened. None of them says more: an attacker learns nothing from the reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SuiteError {
    /// The public key is no point that a secret can be agreed with.
    #[error("收件节点的封装公钥无效")]
    BadKey,
    /// The algorithm is not known here.
    #[error("密文的算法编号 {0} 不认识，请升级本节点")]
    UnknownSuite(u8),
    /// Another key, another header, or changed bytes.
    #[error("密文无法验证：内容或信封头在途中被改动，或不是封给这把密钥的")]
    NotAuthentic,
}

/// A node's key pair; the private half is wiped when dropped.
pub struct KeyPair {
    private: <Kem as hpke::Kem>::PrivateKey,
    /// The public half.
    pub public: [u8; KEY_BYTES],
}

impl KeyPair {
    /// The pair that belongs to a secret (RFC 9180, 7.1.3): the same one every time.
    #[must_use]
    pub fn derive(secret: &[u8; KEY_BYTES]) -> Self {
        let (private, public) = Kem::derive_keypair(secret);
        Self {
            private,
            public: public.to_bytes().into(),
        }
    }

    /// Opens what was sealed to this pair under the same `info` and associated data.
    ///
    /// # Errors
    /// An unknown suite, or anything that does not fit.
    pub fn open(
        &self,
        info: &[u8],
        aad: &[u8],
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, SuiteError> {
        let (suite, rest) = sealed.split_first().ok_or(SuiteError::NotAuthentic)?;
        if *suite != SUITE_X25519_CHACHA20 {
            return Err(SuiteError::UnknownSuite(*suite));
        }
        let (enc, ciphertext) = rest
            .split_at_checked(KEY_BYTES)
            .ok_or(SuiteError::NotAuthentic)?;
        let enc = <Kem as hpke::Kem>::EncappedKey::from_bytes(enc)
            .map_err(|_| SuiteError::NotAuthentic)?;
        hpke::single_shot_open::<ChaCha20Poly1305, HkdfSha256, Kem>(
            &OpModeR::Base,
            &self.private,
            &enc,
            info,
            ciphertext,
            aad,
        )
        .map(Zeroizing::new)
        .map_err(|_| SuiteError::NotAuthentic)
    }
}

/// Seals to a public key. `fresh` are 32 random bytes that are used for nothing else: the ephemeral key is made of them.
///
/// # Errors
/// [`SuiteError::BadKey`].
pub fn seal(
    public: &[u8; KEY_BYTES],
    fresh: Zeroizing<[u8; KEY_BYTES]>,
    info: &[u8],
    aad: &[u8],
    plain: &[u8],
) -> Result<Vec<u8>, SuiteError> {
    let public =
        <Kem as hpke::Kem>::PublicKey::from_bytes(public).map_err(|_| SuiteError::BadKey)?;
    let (enc, ciphertext) = hpke::single_shot_seal_with_rng::<ChaCha20Poly1305, HkdfSha256, Kem>(
        &OpModeS::Base,
        &public,
        info,
        plain,
        aad,
        &mut Drawn { fresh, at: 0 },
    )
    .map_err(|_| SuiteError::BadKey)?;
    let mut sealed = Vec::with_capacity(OVERHEAD_BYTES + plain.len());
    sealed.push(SUITE_X25519_CHACHA20);
    sealed.extend(enc.to_bytes());
    sealed.extend(ciphertext);
    Ok(sealed)
}

/// Random bytes drawn before, so that a system without randomness is an error and not a panic. HPKE takes exactly one
/// key's worth; were it ever more, the bytes would come again and the tests with published vectors would fail.
struct Drawn {
    fresh: Zeroizing<[u8; KEY_BYTES]>,
    at: usize,
}

impl TryRng for Drawn {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut bytes = [0; 4];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Infallible> {
        for byte in out {
            *byte = self.fresh[self.at % KEY_BYTES];
            self.at += 1;
        }
        Ok(())
    }
}

impl TryCryptoRng for Drawn {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::hex;
    use proptest::prelude::*;

    fn bytes(text: &str) -> Vec<u8> {
        let digit = |at| u8::from_str_radix(&text[at..at + 2], 16).unwrap();
        (0..text.len()).step_by(2).map(digit).collect()
    }

    fn key(text: &str) -> [u8; KEY_BYTES] {
        bytes(text).try_into().unwrap()
    }

    const INFO: &str = "4f6465206f6e2061204772656369616e2055726e";
    const PLAIN: &str = "4265617574792069732074727574682c20747275746820626561757479";
    const IKM_E: &str = "909a9b35d3dc4713a5e72a4da274b55d3d3821a37e5d099e74a647db583a904b";
    const IKM_R: &str = "1ac01f181fdf9f352797655161c58b75c656a6cc2716dcb66372da835542e1df";
    const PK_R: &str = "4310ee97d88cc1f088a5576c77ab0cf5c3ac797f3d95139c6c84b5429c59662a";
    const ENC: &str = "1afa08d3dec047a643885163f1180476fa7ddb54c6a8029ea33f95796bf2ac4a";
    const CT: &str = "1c5250d8034ec2b784ba2cfd69dbdb8af406cfe3ff938e131f0def8c8b60b4db21993c62ce81883d2dd1b51a28";

    /// RFC 9180, appendix A.2.1 (base mode), sequence number 0.
    #[test]
    fn the_published_vector_comes_out_and_opens() {
        let pair = KeyPair::derive(&key(IKM_R));
        assert_eq!(hex(&pair.public), PK_R);
        let (info, aad) = (bytes(INFO), b"Count-0");
        let sealed = seal(
            &pair.public,
            Zeroizing::new(key(IKM_E)),
            &info,
            aad,
            &bytes(PLAIN),
        )
        .unwrap();
        assert_eq!(hex(&sealed), format!("01{ENC}{CT}"));
        let opened = pair.open(&info, aad, &sealed).unwrap();
        assert_eq!(hex(&opened), PLAIN);
    }

    #[test]
    fn a_key_that_agrees_on_nothing_is_refused() {
        // The point of low order: the shared secret would be zero (RFC 9180, 7.1.4).
        let sealed = seal(&[0; 32], Zeroizing::new([7; 32]), b"", b"", b"x");
        assert_eq!(sealed, Err(SuiteError::BadKey));
    }

    #[test]
    fn another_suite_is_named_and_short_bytes_are_not_authentic() {
        let pair = KeyPair::derive(&[3; 32]);
        assert_eq!(
            pair.open(b"", b"", &[9; 80]).unwrap_err(),
            SuiteError::UnknownSuite(9)
        );
        for len in 0..OVERHEAD_BYTES {
            let short = vec![SUITE_X25519_CHACHA20; len];
            assert_eq!(
                pair.open(b"", b"", &short).unwrap_err(),
                SuiteError::NotAuthentic,
                "{len}"
            );
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn what_is_sealed_opens_for_its_key_and_words_alone(
            secret: [u8; 32], other: [u8; 32], fresh: [u8; 32], at: prop::sample::Index,
            plain in proptest::collection::vec(any::<u8>(), 0..300), aad in proptest::collection::vec(any::<u8>(), 1..60),
        ) {
            prop_assume!(secret != other);
            let pair = KeyPair::derive(&secret);
            let sealed = seal(&pair.public, Zeroizing::new(fresh), b"info", &aad, &plain).unwrap();
            prop_assert_eq!(sealed.len(), plain.len() + OVERHEAD_BYTES);
            let opened = pair.open(b"info", &aad, &sealed).unwrap();
            prop_assert_eq!(&*opened, &plain);
            let not = |opened: Result<Zeroizing<Vec<u8>>, SuiteError>| opened.is_err();
            prop_assert!(not(KeyPair::derive(&other).open(b"info", &aad, &sealed)));
            prop_assert!(not(pair.open(b"other", &aad, &sealed)));
            let mut changed = sealed.clone();
            changed[at.index(sealed.len())] ^= 1;
            // X25519 ignores the highest bit of a point, but the key schedule takes the point as it came.
            prop_assert!(not(pair.open(b"info", &aad, &changed)));
            let mut words = aad.clone();
            words[at.index(aad.len())] ^= 1;
            prop_assert!(not(pair.open(b"info", &words, &sealed)));
        }
    }
}
