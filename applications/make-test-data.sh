#!/bin/sh
# Makes the keys, certificates and pictures of the shipped applications anew. Run it by hand: tests use the files that are
# tracked, and a new signer makes every earlier signature wrong. Needs openssl, ImageMagick with the
# font DejaVu, opj_compress and xxd.
#
# All keys are public test keys: everybody has them. Nothing here is issued by an authority.
set -eu
cd "$(dirname "$0")"

ORGANISATION="/C=JP/O=vmyna TEST - not issued by any authority"

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
trap 'exit 130' INT TERM

cat >"$scratch/ca.cnf" <<END
[ca]
default_ca = test
[test]
database = $scratch/index
serial = $scratch/serial
new_certs_dir = $scratch
policy = any
unique_subject = no
[any]
countryName = optional
organizationName = optional
commonName = supplied
END

# Certifies a key, for 30 years from the beginning of 2025: `ca` alone can set when a certificate begins.
certify() { # KEY COMMON-NAME EXTENSIONS OUT SIGNER-OPTIONS…
    key=$1 name=$2 out=$4
    printf '%b' "$3" >"$scratch/extensions"
    shift 4
    echo 54455354 >"$scratch/serial"
    : >"$scratch/index"
    openssl req -new -key "$key" -subj "$ORGANISATION/CN=$name" -out "$scratch/request"
    openssl ca -batch -config "$scratch/ca.cnf" -md sha256 -startdate 20250101000000Z -enddate 20541231235959Z -notext \
        -in "$scratch/request" -extfile "$scratch/extensions" -out "$out" "$@" 2>"$scratch/log" ||
        { cat "$scratch/log" >&2; return 1; }
}

# Gives a key of P-256 or P-384, and its own certificate as an authority.
authority() { # FOLDER CURVE NAME
    openssl genpkey -algorithm EC -pkeyopt "ec_paramgen_curve:$2" -out "$1/TEST-authority-key.pem"
    certify "$1/TEST-authority-key.pem" "$3" 'basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign\n' \
        "$1/TEST-authority.pem" -selfsign -keyfile "$1/TEST-authority-key.pem"
}

# A picture that nobody takes for a portrait: a figure of three shapes under the word TEST.
figure() { # WIDTH HEIGHT COLOURSPACE OUT
    convert -size "$1x$2" xc:gray85 -fill gray40 -draw "circle $(($1 / 2)),$(($2 * 5 / 12)) $(($1 / 2)),$(($2 / 5 - $2 / 6))" \
        -draw "roundrectangle $(($1 / 6)),$(($2 * 2 / 3)) $(($1 * 5 / 6)),$2 20,20" \
        -fill black -gravity north -font DejaVu-Sans -pointsize $(($1 / 4)) -annotate +0+2 TEST -colorspace "$3" -depth 8 "$4"
}

# The driving licence: RSA-2048. The key identifier is the SHA-256 of the public key, 32 bytes as in the licence.
cd driving-licence
openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out TEST-signer-key.pem
identifier=$(openssl pkey -in TEST-signer-key.pem -pubout -outform DER | openssl dgst -sha256 -r | cut -c1-64)
certify TEST-signer-key.pem "TEST driving licence signer" "subjectKeyIdentifier=$identifier\nkeyUsage=critical,digitalSignature\n" \
    TEST-signer.pem -selfsign -keyfile TEST-signer-key.pem
printf %s "$identifier" | xxd -r -p >TEST-signer-key-identifier.bin
figure 120 150 Gray "$scratch/photo.pgm"
opj_compress -i "$scratch/photo.pgm" -o photo.j2k -r 12 >/dev/null
cd ..

# Residence: P-384. The signature is over the values of the entries, the photo and the picture of the name.
cd residence
authority . P-384 "TEST residence authority"
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-384 -out "$scratch/signer.key"
certify "$scratch/signer.key" "TEST residence signer" 'keyUsage=critical,digitalSignature\n' "$scratch/signer.pem" \
    -cert TEST-authority.pem -keyfile TEST-authority-key.pem
openssl x509 -in "$scratch/signer.pem" -outform DER -out signer.der
convert -size 420x64 xc:white -fill black -gravity center -font DejaVu-Sans -pointsize 36 -annotate +0+0 "TEST PERSON" -monochrome \
    -compress Group4 name.tif
convert -size 420x64 xc:white -fill black -gravity center -font DejaVu-Sans -pointsize 28 -annotate +0+0 "TEST TOWN 1-2-3" -monochrome \
    -compress Group4 address.tif
figure 120 160 sRGB "$scratch/photo.ppm"
opj_compress -i "$scratch/photo.ppm" -o photo.j2k -r 24 >/dev/null
# The values of C5 to CD in their order; residence.ap.toml has the same.
printf %s 20361025 19891025 3 UTO TEST000000 0500 01 20261101 1 20311101 >"$scratch/message"
cat photo.j2k name.tif >>"$scratch/message"
openssl dgst -sha256 -sign "$scratch/signer.key" "$scratch/message" >"$scratch/signature.der"
# DER to r || s, 48 bytes each.
openssl asn1parse -inform DER -in "$scratch/signature.der" | sed -n 's/.*INTEGER *://p' |
    while read -r number; do printf '%096s' "$number" | tr ' ' 0 | tail -c 96 | xxd -r -p; done >signature.bin
cd ..

authority seal-registration P-256 "TEST seal registration authority"
authority civil-servant P-384 "TEST civil servants authority"

# Employees: the terminals' key; the card has the public one.
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out employee/TEST-terminal-key.pem
openssl pkey -in employee/TEST-terminal-key.pem -pubout -out employee/TEST-terminal.pem
