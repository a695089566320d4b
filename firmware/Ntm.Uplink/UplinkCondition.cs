namespace Ntm.Uplink;

/// <summary>How an uplink is.</summary>
public enum UplinkCondition
{
    /// <summary>There is no interface.</summary>
    Absent,

    /// <summary>It lacks carrier, address or route; or it came back and has not been good for long enough.</summary>
    Connecting,

    /// <summary>It has all it needs, and nothing speaks against it.</summary>
    Online,

    /// <summary>It answers late, or not always.</summary>
    Degraded,

    /// <summary>It has an address and a route, and nobody answers there who answers elsewhere.</summary>
    Offline,
}
