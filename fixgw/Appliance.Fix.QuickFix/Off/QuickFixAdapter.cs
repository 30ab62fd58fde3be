using Appliance.Contract;

namespace Appliance.Fix.QuickFix;

/// <summary>QuickFIX/n behind the order gateway's port: here the side that is built where the package does not restore.</summary>
public static class QuickFixAdapter
{
    public static AdapterStatus Status { get; } = AdapterStatus.NotBuilt("QuickFix");
}
