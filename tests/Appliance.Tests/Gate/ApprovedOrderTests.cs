using System.IO.MemoryMappedFiles;
using System.Reflection;
using System.Runtime.CompilerServices;
using Appliance.Contract;
using Appliance.Risk;
using Appliance.TestKit;

namespace Appliance.Tests.Gates;

/// <summary>Nothing but the gate makes an approved order.</summary>
public class ApprovedOrderTests
{
    [Fact]
    public void Contract_is_open_to_risk_alone()
    {
        string[] friends = [.. typeof(ApprovedOrder).Assembly.GetCustomAttributes<InternalsVisibleToAttribute>().Select(a => a.AssemblyName)];
        Assert.Equal(["Appliance.Risk"], friends);
    }

    [Fact]
    public void Only_one_method_can_change_it_and_that_is_the_gates()
    {
        const BindingFlags everything = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.DeclaredOnly;
        Type type = typeof(ApprovedOrder);
        Assert.Empty(type.GetConstructors(BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance));
        Assert.All(type.GetFields(everything), f => Assert.True(f.IsPrivate));
        Assert.All(type.GetProperties(), p => Assert.Null(p.SetMethod));
        MethodInfo writer = Assert.Single(type.GetMethods(everything), m => m.GetCustomAttribute<IsReadOnlyAttribute>() is null);
        Assert.Equal("Approve", writer.Name);
        Assert.True(writer.IsAssembly);
    }

    [Fact]
    public void Inside_risk_only_the_gate_returns_approved_orders()
    {
        const BindingFlags everything = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;
        string[] makers = [.. typeof(Risk.Gate).Assembly.GetTypes()
            .SelectMany(t => t.GetMethods(everything))
            .Where(m => m.ReturnType == typeof(ApprovedOrder) || m.GetParameters().Any(p => p.IsOut && p.ParameterType == typeof(ApprovedOrder).MakeByRefType()))
            .Select(m => $"{m.DeclaringType!.Name}.{m.Name}")];
        Assert.Equal(["Gate.Check"], makers);
    }

    [Fact]
    public void The_default_value_is_not_approved() => Assert.False(default(ApprovedOrder).IsApproved);

    [Fact]
    public void The_wide_gate_approves_for_other_suites_through_the_real_gate()
    {
        var wide = new WideGate(GateBench.Share, GateBench.Coin);
        ApprovedOrder order = wide.New(2, Side.Sell, 123_40000000, 100_000);
        Assert.Equal((OrderRequestKind.New, Side.Sell, 100_000L, 1_000_000_001ul), (order.Kind, order.Side, order.QuantityUnits, order.ClientOrderId));
        ApprovedOrder amend = wide.Amend(in order, 123_50000000, 200_000);
        Assert.Equal((OrderRequestKind.Amend, order.ClientOrderId), (amend.Kind, amend.OriginalClientOrderId));
        Assert.Equal(amend.ClientOrderId, wide.Cancel(in amend).OriginalClientOrderId);
        Assert.Throws<InvalidOperationException>(() => wide.New(2, Side.Sell, 1, 100_000));
    }
}

/// <summary>The kill flag is a word that anyone with the memory can set.</summary>
public unsafe class KillSwitchTests
{
    [Fact]
    public void One_of_many_threads_sets_it_and_all_see_it()
    {
        int flag = 0;
        var here = new KillSwitch(&flag);
        Assert.False(here.IsSet);
        int setters = 0;
        nint address = (nint)(&flag);
        Parallel.For(0, 16, _ => { if (new KillSwitch((int*)address).Set()) Interlocked.Increment(ref setters); });
        Assert.True(here.IsSet);
        Assert.Equal(1, setters);
    }

    [Fact]
    public void Set_through_one_mapping_of_a_file_it_is_seen_through_another()
    {
        string path = Path.GetTempFileName();
        try
        {
            using MemoryMappedFile first = MemoryMappedFile.CreateFromFile(path, FileMode.Open, null, 4096);
            using FileStream again = new(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
            using MemoryMappedFile second = MemoryMappedFile.CreateFromFile(again, null, 4096, MemoryMappedFileAccess.ReadWrite, HandleInheritability.None, false);
            using MemoryMappedViewAccessor one = first.CreateViewAccessor(), other = second.CreateViewAccessor();
            byte* a = null, b = null;
            one.SafeMemoryMappedViewHandle.AcquirePointer(ref a);
            other.SafeMemoryMappedViewHandle.AcquirePointer(ref b);
            Assert.NotEqual((nint)a, (nint)b);
            var sender = new KillSwitch((int*)(a + 64));
            Assert.False(sender.IsSet);
            new KillSwitch((int*)(b + 64)).Set();
            Assert.True(sender.IsSet);
            one.SafeMemoryMappedViewHandle.ReleasePointer();
            other.SafeMemoryMappedViewHandle.ReleasePointer();
        }
        finally { File.Delete(path); }
    }

    [Fact]
    public void Null_or_crooked_memory_is_a_programmers_error()
    {
        long word = 0;
        nint address = (nint)(&word);
        Assert.Throws<ArgumentNullException>(() => new KillSwitch(null));
        Assert.Throws<ArgumentException>(() => new KillSwitch((int*)(address + 1)));
    }
}
