import Layers

extension ApplyScript {
    /// The tar of what is no folder.
    static let placedFiles = "files/files.tar"

    /// Puts files on a machine of which nothing is known here: folders that it has stay as they are, those that it lacks are
    /// made, and files and symlinks take the place of what had their names.
    ///
    /// Everything is looked at before anything is changed: no symlink is followed, and no file takes a folder's place.
    static func place(_ entries: [TarEntry], to script: inout ShellScript) {
        script.add(placingFunctions)
        let folders = entries.filter { $0.kind == .directory }
        for folder in folders { script.call("fit_for_folder", folder.path.bytes) }
        for entry in entries where entry.kind != .directory { script.call("fit_for_file", entry.path.bytes) }
        for (number, folder) in folders.enumerated() {
            script.call(
                "make_folder",
                Array(String(number).utf8),
                Array(String(folder.mode, radix: 8).utf8),
                Array("\(folder.owner):\(folder.group)".utf8),
                Array(String(folder.modified).utf8),
                folder.path.bytes
            )
        }
        if folders.count < entries.count { script.call("extract", placedFiles) }
        for (number, folder) in folders.enumerated().reversed() {
            script.call("set_time", Array(String(number).utf8), folder.path.bytes)
        }
        script.add("say applied")
    }

    private static let placingFunctions = #"""

        case $(tar --version 2>/dev/null) in
            *'GNU tar'*) ;;
            *) refuse 'GNU tar is needed, and nothing was changed' ;;
        esac

        fit_for_folder() {
            if [ -L "$root$1" ]; then
                refuse "'/$1' is a symlink on this machine: name the folder that it leads to; nothing was changed"
            fi
            if [ -e "$root$1" ] && [ ! -d "$root$1" ]; then
                refuse "'/$1' is no folder on this machine, and would have to be one; nothing was changed"
            fi
        }
        fit_for_file() {
            if [ -d "$root$1" ] && [ ! -L "$root$1" ]; then
                refuse "'/$1' is a folder on this machine, and a file would replace it; nothing was changed"
            fi
        }

        # What happens in a folder that was there already does not change its time, as in a layer.
        make_folder() {
            if [ -d "$root$5" ]; then
                touch -r "$root$5" "$work/time.$1"
            else
                mkdir -- "$root$5"
                chown -- "$3" "$root$5"
                # Five digits say that it has no bit of the folder that it is in.
                chmod -- "00$2" "$root$5"
                touch -d "@$4" "$work/time.$1"
            fi
        }
        set_time() { touch -r "$work/time.$1" "$root$2"; }

        extract() {
            tar -x -p --same-owner --numeric-owner --xattrs --xattrs-include='*' -C "$root" -f - <"$here/$1" ||
                refuse "cannot unpack '$1': the machine is half changed, begin with another one"
        }

        """#
}
