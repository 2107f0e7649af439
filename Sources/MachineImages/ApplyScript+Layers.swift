import Layers

extension ApplyScript {
    /// Makes layers true on the machine: takes away what they take away, and unpacks their tars, which lie beside the script.
    static func apply(_ layers: [(tar: String, changes: LayerOnMachine)], to script: inout ShellScript) {
        script.add(layerFunctions)
        for layer in layers {
            for folder in layer.changes.plain { script.call("plain", folder.bytes) }
        }
        for layer in layers {
            for (number, folder) in layer.changes.kept.enumerated() {
                script.call("keep_time", Array(String(number).utf8), folder.bytes)
            }
            for path in layer.changes.removals { script.call("remove", path.bytes) }
            for folder in layer.changes.emptied { script.call("empty", folder.bytes) }
            if !layer.changes.items.isEmpty { script.call("extract", layer.tar) }
            for (number, folder) in layer.changes.kept.enumerated() {
                script.call("set_time", Array(String(number).utf8), folder.bytes)
            }
        }
        script.add("say applied")
    }

    private static let layerFunctions = #"""

        case $(tar --version 2>/dev/null) in
            *'GNU tar'*) ;;
            *) refuse 'GNU tar is needed, and nothing was changed' ;;
        esac

        remove() { rm -rf -- "$root$1"; }

        empty() {
            for entry in "$root$1"/* "$root$1"/.[!.]* "$root$1"/..?*; do
                if [ -e "$entry" ] || [ -L "$entry" ]; then rm -rf -- "$entry"; fi
            done
        }

        extract() {
            tar -x -p --same-owner --numeric-owner --xattrs --xattrs-include='*' -C "$root" -f - <"$here/$1" ||
                refuse "cannot unpack '$1': the machine is half changed, apply the step again"
        }

        # What happens in a folder changes its time; the image's folder has its own.
        keep_time() { if [ -d "$root$2" ]; then touch -r "$root$2" "$work/time.$1"; fi; }
        set_time() {
            if [ -f "$work/time.$1" ]; then
                touch -r "$work/time.$1" "$root$2"
                rm "$work/time.$1"
            fi
        }

        """#
}
