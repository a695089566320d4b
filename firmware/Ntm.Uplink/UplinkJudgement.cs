namespace Ntm.Uplink;

/// <param name="Condition">How it is.</param>
/// <param name="Reason">Why, in words.</param>
/// <param name="Since">Boot time from which on it is so.</param>
public readonly record struct UplinkJudgement(UplinkCondition Condition, string Reason, TimeSpan Since);
