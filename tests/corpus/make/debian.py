"""
R and its packages from Debian, unpacked below one folder and run from there: nothing is installed into the machine.
"""
import glob
import os
import subprocess


def fill(folder, pins, call):
    """The packages named, also where the machine has them, and what they need that it lacks, unpacked below folder."""
    archives = os.path.join(folder, "archives")
    os.makedirs(os.path.join(archives, "partial"))
    call(["apt-get", "install", "-y", "--reinstall", "--download-only", "--no-install-recommends", "-o", "Debug::NoLocking=1", "-o",
          "APT::Sandbox::User=root", "-o", "Dir::Cache::archives=" + archives] + [p.replace("==", "=") for p in pins],
         "cannot be had from Debian")
    for package in sorted(glob.glob(archives + "/*.deb")):
        call(["dpkg", "-x", package, folder], "cannot be unpacked")
        os.unlink(package)
    move_links(folder)
    r_environ = os.path.join(folder, "usr/lib/R/etc/Renviron")  # the package writes it when it is installed
    if os.path.isdir(os.path.dirname(r_environ)) and not os.path.exists(r_environ):
        if os.path.islink(r_environ):
            os.unlink(r_environ)
        with open(r_environ, "w", encoding="utf-8"):
            pass


def move_links(folder):
    """Links that say /etc/... mean the folder's etc, where it has such a file."""
    for place, folders, files in os.walk(folder):
        for path in [os.path.join(place, name) for name in folders + files]:
            target = os.readlink(path) if os.path.islink(path) else ""
            if target.startswith("/") and os.path.lexists(folder + target):
                os.unlink(path)
                os.symlink(folder + target, path)


def places(folder):
    """Where programs and libraries below folder are found."""
    machine = subprocess.run(["dpkg-architecture", "-qDEB_HOST_MULTIARCH"], capture_output=True, text=True, check=False)
    triple = machine.stdout.strip() or "x86_64-linux-gnu"
    libraries = [os.path.join(folder, d) for d in ("usr/lib/" + triple, "usr/lib", "lib/" + triple)]
    libraries += [os.path.join(folder, "usr/lib", triple, d) for d in ("blas", "lapack")]
    return {"PATH": os.path.join(folder, "usr/bin") + ":/usr/bin:/bin", "LD_LIBRARY_PATH": ":".join(libraries)}


def r_command(folder, script):
    """R as its own start script would start it, with the folder before each path."""
    home, env = os.path.join(folder, "usr/lib/R"), places(folder)
    site = [top + d for top in (folder, "") for d in ("/usr/lib/R/site-library", "/usr/lib/R/library")]
    share = os.path.join(folder, "usr/share/R")
    env.update({"R_HOME": home, "R_LIBS": ":".join(site), "R_ARCH": "", "R_SHARE_DIR": os.path.join(share, "share"),
                "R_DOC_DIR": os.path.join(share, "doc"), "R_INCLUDE_DIR": os.path.join(share, "include"),
                "R_PAPERSIZE": "a4", "R_PROFILE": "/dev/null", "EDITOR": "vi", "PAGER": "cat",
                "R_DEFAULT_PACKAGES": "datasets,utils,grDevices,graphics,stats,methods"})
    env["LD_LIBRARY_PATH"] = os.path.join(home, "lib") + ":" + env["LD_LIBRARY_PATH"]
    return [os.path.join(home, "bin/exec/R"), "--no-echo", "--no-restore", "--vanilla", "--file=" + script], env
