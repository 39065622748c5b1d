// Package buildinfo says which build of the program this is.
package buildinfo

import (
	"fmt"
	"runtime/debug"
)

// version is set by the linker: -ldflags "-X github.com/zeroui/mmm-engine/infrastructure/buildinfo.version=v1.2.3".
var version string

const (
	development  = "dev"
	revisionSize = 12
)

// Info describes a build. Unknown parts are empty, but Version never is.
type Info struct {
	Version   string `json:"version"`
	Revision  string `json:"revision,omitempty"`
	Time      string `json:"time,omitempty"`
	Modified  bool   `json:"modified"`
	GoVersion string `json:"go_version"`
}

// Read gives the Info of the running program: the linker's version, else the module's, else `dev`.
func Read() Info {
	build, _ := debug.ReadBuildInfo()
	return From(version, build)
}

// From makes an Info of the linker's version and what the toolchain recorded, which may be nil.
func From(linked string, build *debug.BuildInfo) Info {
	info := Info{Version: linked}
	if build != nil {
		info.GoVersion = build.GoVersion
		if info.Version == "" && build.Main.Version != "(devel)" {
			info.Version = build.Main.Version
		}
		for _, s := range build.Settings {
			switch s.Key {
			case "vcs.revision":
				info.Revision = s.Value[:min(revisionSize, len(s.Value))]
			case "vcs.time":
				info.Time = s.Value
			case "vcs.modified":
				info.Modified = s.Value == "true"
			}
		}
	}
	if info.Version == "" {
		info.Version = development
	}
	return info
}

// String is one line for people, such as `v1.2.3 (0123456789ab, modified, go1.26.0)`.
func (i Info) String() string {
	detail := i.GoVersion
	if i.Modified {
		detail = "modified, " + detail
	}
	if i.Revision != "" {
		detail = i.Revision + ", " + detail
	}
	return fmt.Sprintf("%s (%s)", i.Version, detail)
}
