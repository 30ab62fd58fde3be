using Appliance.Contract;

namespace Appliance.Fix.QuickFix;

/// <summary>QuickFIX/n behind the order gateway's port: the side that is built where the package restores. README.md beside this says what goes here.</summary>
public static class QuickFixAdapter
{
    public static AdapterStatus Status { get; } = AdapterStatus.NotWritten("QuickFix");
}
