#!/usr/bin/env bash
# Adds the CA to the trust stores of a Linux machine, takes it out again, or shows what is there.
# Everything it adds is named reauth-<first 16 hex digits of the SHA-256>, so that removing needs
# no memory of what was installed, and installing twice changes nothing.
set -euo pipefail

readonly MARK=reauth-

usage() {
    cat <<'TEXT'
Usage: install_linux.sh install [options] FILE
       install_linux.sh remove  [options] [FILE]
       install_linux.sh status  [options]

  install   trust the CA certificates in FILE (PEM, as `reauth ca export` writes it)
  remove    trust them no longer; without FILE, every one that this script ever added
  status    list what this script has added

Stores: the system's (Debian, Ubuntu, Fedora, RHEL, SUSE, Arch; needs root), and the NSS databases
of Chromium and Firefox (needs certutil: Debian's libnss3-tools, Fedora's nss-tools).

Options:
  --sha256 HEX      install only if FILE holds one certificate with this SHA-256 fingerprint,
                    told to you by somebody who ran `reauth ca show`; colons are allowed
  --home DIR        browsers of the person with this home; may be given again
                    (default: yours, or that of the one who called sudo)
  --all-homes       browsers of everybody with a home on this machine
  --system-only     leave the browsers' databases alone
  --browsers-only   leave the system's store alone
  -h, --help        this text

Exit code: 0 done, 1 failed, 2 asked wrongly. Browsers take notice when they are started anew.
TEXT
}

say() { printf '%s\n' "$*"; }
fail() { printf 'install_linux.sh: %s\n' "$*" >&2; exit 1; }
misuse() { printf 'install_linux.sh: %s (see --help)\n' "$*" >&2; exit 2; }

# --- what is asked -------------------------------------------------------------------------------

command='' file='' sha256='' system=yes browsers=yes homes=()

parse() {
    while (($#)); do
        case $1 in
            -h | --help) usage; exit 0 ;;
            --sha256 | --home) (($# > 1)) || misuse "$1 needs a value" ;;&
            --sha256) sha256=$(tr -d ': ' <<<"$2" | tr a-f A-F); shift ;;
            --home) homes+=("$2"); shift ;;
            --all-homes) mapfile -t -O "${#homes[@]}" homes < <(everybodys_homes) ;;
            --system-only) browsers=no ;;
            --browsers-only) system=no ;;
            -*) misuse "unknown option $1" ;;
            *) word "$1" ;;
        esac
        shift
    done
    [[ -n $command ]] || misuse "install, remove or status?"
    [[ $command != install || -n $file ]] || misuse "install needs the certificate's file"
    [[ $command != status || -z $file ]] || misuse "status takes no file"
    ((${#homes[@]})) || homes=("$(callers_home)")
}

word() {
    case $command:$1 in
        :install | :remove | :status) command=$1 ;;
        :*) misuse "no command '$1'" ;;
        *) [[ -z $file ]] || misuse "one file, not also '$1'"; file=$1 ;;
    esac
}

callers_home() {
    if [[ $(id -u) == 0 && -n ${SUDO_USER:-} ]]; then
        getent passwd "$SUDO_USER" | cut -d: -f6
    else
        printf '%s\n' "$HOME"
    fi
}

everybodys_homes() {
    getent passwd | awk -F: '($3 == 0 || $3 >= 1000) && $3 < 65534 { print $6 }' | sort -u
}

# --- the certificates ----------------------------------------------------------------------------

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
    compgen -G "$scratch/*.pem" >/dev/null || fail "$file holds no certificate in PEM"
    local each
    for each in "$scratch"/*.pem; do
        openssl x509 -in "$each" -noout 2>/dev/null || fail "$file holds a damaged certificate"
    done
}

fingerprint() { openssl x509 -in "$1" -noout -fingerprint -sha256 | sed 's/.*=//; s/://g'; }

name_of() { printf '%s%s\n' "$MARK" "$(fingerprint "$1" | cut -c1-16 | tr A-F a-f)"; }

# Trusting is a person's decision: show what for, and refuse what could not be meant.
check() {
    local each certificates=("$scratch"/*.pem)
    if [[ -n $sha256 ]]; then
        ((${#certificates[@]} == 1)) || fail "--sha256 names one certificate, $file holds more"
        [[ $(fingerprint "${certificates[0]}") == "$sha256" ]] ||
            fail "$file has another fingerprint"
    fi
    for each in "${certificates[@]}"; do
        openssl x509 -in "$each" -noout -ext basicConstraints 2>/dev/null | grep -q 'CA:TRUE' ||
            fail "$file holds a certificate that is no CA"
        openssl x509 -in "$each" -noout -checkend 0 >/dev/null || fail "$file holds an expired CA"
    done
    for each in "${certificates[@]}"; do
        say "certificate $(name_of "$each")"
        openssl x509 -in "$each" -noout -subject -enddate -fingerprint -sha256 \
            -ext nameConstraints 2>/dev/null | sed 's/^/    /'
    done
}

# --- the system's store --------------------------------------------------------------------------

# Folder of anchors, ending of its files, command that reads them anew (as in mkcert's
# truststore_linux.go).
system_store() {
    local folder ending refresh
    while read -r folder ending refresh; do
        if [[ -d $folder ]] && command -v "${refresh%% *}" >/dev/null; then
            printf '%s %s %s\n' "$folder" "$ending" "$refresh"
            return
        fi
    done <<'TABLE'
/etc/pki/ca-trust/source/anchors pem update-ca-trust extract
/usr/local/share/ca-certificates crt update-ca-certificates
/etc/ca-certificates/trust-source/anchors crt trust extract-compat
/usr/share/pki/trust/anchors pem update-ca-certificates
TABLE
}

change_system() {
    local folder ending refresh each target changed=no
    read -r folder ending refresh < <(system_store) || fail "no trust store of a known kind here"
    [[ $(id -u) == 0 ]] || fail "the system's store needs root: use sudo, or --browsers-only"
    case $command in
        install)
            for each in "$scratch"/*.pem; do
                target=$folder/$(name_of "$each").$ending
                cmp -s "$each" "$target" && { say "already in $target"; continue; }
                install -m 0644 "$each" "$target"
                changed=yes
                say "added $target"
            done ;;
        remove)
            while read -r target; do
                rm -f "$target"
                changed=yes
                say "removed $target"
            done < <(system_files "$folder" "$ending") ;;
    esac
    # Also where nothing changed: an earlier call may have been broken off before this line.
    read -ra refresh <<<"$refresh"
    "${refresh[@]}" >/dev/null || fail "'${refresh[*]}' failed"
    [[ $changed == yes ]] || say "nothing to change in $folder"
}

system_files() {
    local name target
    wanted | while read -r name; do
        target=$1/$name.$2
        [[ ! -e $target ]] || printf '%s\n' "$target"
    done
    [[ -n $file ]] || compgen -G "$1/$MARK*.$2" || true
}

# Names given by FILE; none where there is no FILE.
wanted() {
    local each
    for each in "$scratch"/*.pem; do [[ -e $each ]] && name_of "$each"; done
    true
}

# --- the browsers' databases ---------------------------------------------------------------------

databases() {
    local home=$1 place
    for place in "$home"/.pki/nssdb "$home"/snap/chromium/current/.pki/nssdb \
        "$home"/{.mozilla,.config/mozilla,snap/firefox/common/.mozilla}/firefox/*/ \
        "$home"/.var/app/org.mozilla.firefox/.mozilla/firefox/*/; do
        [[ -e $place/cert9.db ]] && printf '%s\n' "${place%/}"
    done
    true
}

# The database belongs to its person: as root, act as that person, or its files change hands.
nss() {
    local database=$1 owner
    shift
    owner=$(stat -c %U "$database")
    if [[ $(id -u) == 0 && $owner != root ]]; then
        runuser -u "$owner" -- certutil "$@" -d "sql:$database"
    else
        certutil "$@" -d "sql:$database"
    fi
}

# Chromium makes its database when it first needs one: too late for us.
make_database() {
    local home=$1 database=$1/.pki/nssdb owner
    [[ -d $home && ! -e $database/cert9.db ]] || return 0
    command -v chromium >/dev/null || command -v chromium-browser >/dev/null ||
        command -v google-chrome >/dev/null || return 0
    owner=$(stat -c %U "$home")
    if [[ $(id -u) == 0 && $owner != root ]]; then
        # shellcheck disable=SC2016 # the inner shell expands it, as the database's owner
        runuser -u "$owner" -- sh -c 'umask 077 && mkdir -p "$1"' sh "$database"
    else
        (umask 077 && mkdir -p "$database")
    fi
    nss "$database" -N --empty-password
    say "made $database"
}

nss_names() {
    nss "$1" -L 2>/dev/null | awk -v mark="^${MARK}[0-9a-f]+\$" '$1 ~ mark { print $1 }'
}

add_to_database() {
    local each name
    for each in "$scratch"/*.pem; do
        name=$(name_of "$each")
        nss_names "$1" | grep -qx "$name" && { say "already in $1: $name"; continue; }
        nss "$1" -A -a -n "$name" -t C,, <"$each" || fail "certutil refused $1"
        say "added to $1: $name"
    done
}

remove_from_database() {
    local name
    nss_names "$1" | while read -r name; do
        [[ -z $file ]] || wanted | grep -qx "$name" || continue
        nss "$1" -D -n "$name" || fail "certutil refused $1"
        say "removed from $1: $name"
    done
}

change_browsers() {
    local home database
    if ! command -v certutil >/dev/null; then
        say "browsers left alone: certutil is missing (libnss3-tools, nss-tools)"
        return
    fi
    for home in "${homes[@]}"; do
        [[ $command != install ]] || make_database "$home"
        while read -r database; do
            case $command in
                install) add_to_database "$database" ;;
                remove) remove_from_database "$database" ;;
                status) nss_names "$database" | sed "s|^|$database: |" ;;
            esac
        done < <(databases "$home")
    done
}

# -------------------------------------------------------------------------------------------------

show_system() {
    local folder ending _
    read -r folder ending _ < <(system_store) || return 0
    compgen -G "$folder/$MARK*.$ending" || true
}

parse "$@"
command -v openssl >/dev/null || fail "openssl is missing"
[[ -z $file ]] || split
[[ $command != install ]] || check
if [[ $system == yes ]]; then
    if [[ $command == status ]]; then show_system; else change_system; fi
fi
[[ $browsers == no ]] || change_browsers
