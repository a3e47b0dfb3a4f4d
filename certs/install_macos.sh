#!/bin/bash
# Adds the CA to the keychain of a Mac, takes it out again, or shows what is there.
# A copy of each certificate that it added lies in $RECORD, so that removing needs no file, and
# installing twice changes nothing. Written for the bash 3.2 and the LibreSSL that macOS brings.
set -euo pipefail

readonly KEYCHAIN=/Library/Keychains/System.keychain
readonly RECORD='/Library/Application Support/reauth/ca'
readonly MARK=reauth-

usage() {
    cat <<'TEXT'
Usage: sudo ./install_macos.sh install [--sha256 HEX] FILE
       sudo ./install_macos.sh remove  [FILE]
       ./install_macos.sh status

  install   trust the CA certificates in FILE (PEM, as `reauth ca export` writes it) for TLS
            servers, for everybody on this Mac; macOS asks for your password on the screen
  remove    trust them no longer; without FILE, every one that this script ever added
  status    list what this script has added

  --sha256 HEX   install only if FILE holds one certificate with this SHA-256 fingerprint, told to
                 you by somebody who ran `reauth ca show`; colons are allowed
  -h, --help     this text

Safari, Chrome and Edge read the keychain; so does Firefox, from 120 on (README.md says how to make
sure). On managed Macs use a configuration profile instead: README.md.

Exit code: 0 done, 1 failed, 2 asked wrongly. Browsers take notice when they are started anew.
TEXT
}

say() { printf '%s\n' "$*"; }
fail() { printf 'install_macos.sh: %s\n' "$*" >&2; exit 1; }
misuse() { printf 'install_macos.sh: %s (see --help)\n' "$*" >&2; exit 2; }

command='' file='' sha256=''

parse() {
    while (($#)); do
        case $1 in
            -h | --help) usage; exit 0 ;;
            --sha256)
                (($# > 1)) || misuse "--sha256 needs a fingerprint"
                sha256=$(tr -d ': ' <<<"$2" | tr a-f A-F)
                shift ;;
            -*) misuse "unknown option $1" ;;
            *) word "$1" ;;
        esac
        shift
    done
    [[ -n $command ]] || misuse "install, remove or status?"
    [[ $command != install || -n $file ]] || misuse "install needs the certificate's file"
    [[ $command != status || -z $file ]] || misuse "status takes no file"
}

word() {
    case $command:$1 in
        :install | :remove | :status) command=$1 ;;
        :*) misuse "no command '$1'" ;;
        *) [[ -z $file ]] || misuse "one file, not also '$1'"; file=$1 ;;
    esac
}

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# One file each below $scratch: while a CA is being rotated, FILE holds two or more.
split() {
    [[ -r $file ]] || fail "cannot read $file"
    ! grep -q 'PRIVATE KEY' "$file" ||
        fail "$file holds a private key, which must not leave its server"
    awk -v to="$scratch" '/-----BEGIN CERTIFICATE-----/ { n++; on = 1 }
                          on { print > (to "/" n ".pem") }
                          /-----END CERTIFICATE-----/ { on = 0 }' "$file"
    local each
    for each in "$scratch"/*.pem; do
        openssl x509 -in "$each" -noout 2>/dev/null || fail "$file holds no certificate in PEM"
    done
}

fingerprint() { openssl x509 -in "$1" -noout -fingerprint "-$2" | sed 's/.*=//; s/://g'; }

name_of() { printf '%s%s\n' "$MARK" "$(fingerprint "$1" sha256 | cut -c1-16 | tr A-F a-f)"; }

# Trusting is a person's decision: show what for, and refuse what could not be meant.
check() {
    local each
    if [[ -n $sha256 ]]; then
        [[ ! -e $scratch/2.pem ]] || fail "--sha256 names one certificate, $file holds more"
        [[ $(fingerprint "$scratch/1.pem" sha256) == "$sha256" ]] ||
            fail "$file has another fingerprint"
    fi
    for each in "$scratch"/*.pem; do
        openssl x509 -in "$each" -noout -text | grep -q 'CA:TRUE' ||
            fail "$file holds a certificate that is no CA"
        openssl x509 -in "$each" -noout -checkend 0 >/dev/null || fail "$file holds an expired CA"
        say "certificate $(name_of "$each")"
        openssl x509 -in "$each" -noout -subject -enddate -fingerprint -sha256 | sed 's/^/    /'
    done
}

add() {
    local each target
    mkdir -p "$RECORD"
    for each in "$scratch"/*.pem; do
        target=$RECORD/$(name_of "$each").pem
        # The record alone is no proof: somebody may have used Keychain Access since.
        if [[ -e $target ]] && security verify-cert -q -c "$each" -p ssl >/dev/null 2>&1; then
            say "already trusted: $(name_of "$each")"
            continue
        fi
        # The two policies that mkcert sets too (truststore_darwin.go): TLS servers, plain chains.
        security add-trusted-cert -d -r trustRoot -p ssl -p basic -k "$KEYCHAIN" "$each" ||
            fail "the keychain refused $(name_of "$each")"
        install -m 0644 "$each" "$target"
        say "trusted: $(name_of "$each")"
    done
}

take_back() {
    local each found=no
    for each in "$RECORD/$MARK"*.pem; do
        [[ -e $each ]] || continue
        [[ -z $file ]] || in_file "$(basename "$each" .pem)" || continue
        found=yes
        security remove-trusted-cert -d "$each" 2>/dev/null || true # was taken out by hand
        security delete-certificate -Z "$(fingerprint "$each" sha1)" "$KEYCHAIN" >/dev/null \
            2>&1 || true # likewise
        if security find-certificate -a -Z "$KEYCHAIN" | grep -q "$(fingerprint "$each" sha1)"; then
            fail "the keychain kept $(basename "$each" .pem): remove it in Keychain Access"
        fi
        rm -f "$each"
        say "no longer trusted: $(basename "$each" .pem)"
    done
    [[ $found == yes ]] || say "nothing to remove"
}

in_file() {
    local each
    for each in "$scratch"/*.pem; do
        [[ $(name_of "$each") != "$1" ]] || return 0
    done
    return 1
}

show() {
    local each
    for each in "$RECORD/$MARK"*.pem; do
        [[ ! -e $each ]] || say "$(basename "$each" .pem)"
    done
}

parse "$@"
[[ $(uname) == Darwin ]] || fail "this is no Mac"
[[ $command == status || $(id -u) == 0 ]] || fail "the system's keychain needs root: use sudo"
[[ -z $file ]] || split
case $command in
    install) check; add ;;
    remove) take_back ;;
    status) show ;;
esac
