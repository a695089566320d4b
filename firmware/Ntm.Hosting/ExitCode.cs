namespace Ntm.Hosting;

/// <summary>How the programs end: sysexits.h's numbers, which systemd and other programs know by name.</summary>
public enum ExitCode
{
    Done = 0,

    /// <summary>EX_USAGE: the command line.</summary>
    Usage = 64,

    /// <summary>EX_DATAERR: a store or key file is damaged.</summary>
    BadData = 65,

    /// <summary>EX_NOINPUT: a file or folder is missing.</summary>
    Missing = 66,

    /// <summary>EX_UNAVAILABLE: a port, socket or interface name is in use, or nobody answered.</summary>
    Unavailable = 69,

    /// <summary>EX_SOFTWARE: a bug of ours.</summary>
    Bug = 70,

    /// <summary>EX_OSERR: the system lacks something.</summary>
    System = 71,

    /// <summary>EX_CANTCREAT: a file to be made is there already, or something else is in its place.</summary>
    Exists = 73,

    /// <summary>EX_IOERR: the disk.</summary>
    Disk = 74,

    /// <summary>EX_TEMPFAIL: in use by another program just now.</summary>
    InUse = 75,

    /// <summary>EX_NOPERM: missing privileges, or a secret that others can read.</summary>
    NotPermitted = 77,

    /// <summary>EX_CONFIG: the configuration, also where its file is missing.</summary>
    Config = 78,
}
