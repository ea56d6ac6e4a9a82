# Sourced by scripts/provision-*.sh: installs that happen once, leave nothing half done and are silent unless they fail.

repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
servers="${XDG_CACHE_HOME:-$HOME/.cache}/neuroninspect/servers"

has() { command -v "$1" >/dev/null; }

# fail MESSAGE...
fail() {
  printf '%s\n' "$@" >&2
  exit 1
}

# quietly COMMAND...: shows the end of what it printed only when it fails.
quietly() {
  local log
  log=$(mktemp)
  if "$@" >"$log" 2>&1; then
    rm -f "$log"
  else
    tail -20 "$log" >&2
    rm -f "$log"
    return 1
  fi
}

# locked NAME COMMAND...: one at a time on this machine. The command does not inherit the lock: it may leave a daemon behind.
locked() {
  local lock
  lock="${TMPDIR:-/tmp}/neuroninspect-$(id -u)-$1.lock"
  shift
  (
    if has flock; then flock 9; fi
    "$@" 9>&-
  ) 9>"$lock"
}

# apt_install PACKAGE...
apt_install() {
  has apt-get || return 1
  locked apt apt_install_now "$@"
}

apt_install_now() {
  local as_root=
  [ "$(id -u)" = 0 ] || as_root=sudo
  quietly $as_root apt-get -o DPkg::Lock::Timeout=600 update -q &&
    quietly $as_root env DEBIAN_FRONTEND=noninteractive \
      apt-get -o DPkg::Lock::Timeout=600 install -qy --no-install-recommends "$@"
}

# debian_package PACKAGE DIR: its files in DIR/package, unpacked, not installed.
debian_package() {
  has apt-get && has dpkg-deb || return 1
  # apt drops its rights and must be able to write here.
  mkdir -m 777 "$2/download"
  (cd "$2/download" && { quietly apt-get download "$1" || { apt_install && quietly apt-get download "$1"; }; }) || return 1
  quietly dpkg-deb -x "$2/download/$1"_*.deb "$2/package" || return 1
  rm -rf "$2/download"
}

# install_once NAME COMMAND...: COMMAND gets an empty folder as last argument; it becomes $servers/NAME when all went well.
install_once() {
  [ -d "$servers/$1" ] || locked "$1" install_now "$@"
}

install_now() {
  local name=$1 dir
  shift
  [ ! -d "$servers/$name" ] || return 0
  mkdir -p "$servers"
  # What one that was killed left behind; nobody else is here.
  rm -rf "$servers/.$name".*
  dir=$(mktemp -d "$servers/.$name.XXXXXX")
  if "$@" "$dir" && chmod 755 "$dir"; then
    mv "$dir" "$servers/$name"
  else
    rm -rf "$dir"
    return 1
  fi
}

# maven_jars POM DIR: the jars of a pom in DIR/libs.
maven_jars() {
  if ! has java || ! has mvn; then
    apt_install default-jre-headless maven ||
      fail 'Java 17 or later and Maven are missing and could not be installed: install them, then run this again'
  fi
  MAVEN_OPTS=-Xmx256m quietly mvn -q -B -f "$repository/scripts/servers/$1.xml" \
    org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies "-DoutputDirectory=$2/libs"
}

# go_binary PACKAGE@VERSION DIR: its executable in DIR.
go_binary() {
  local go
  go=$(command -v go || echo /usr/local/go/bin/go)
  [ -x "$go" ] || fail "Go 1.25 or later is needed to build ${1%@*}; the one of Debian is older: see https://go.dev/dl"
  GOBIN=$2 quietly nice "$go" install -ldflags '-s -w' "$1"
}
