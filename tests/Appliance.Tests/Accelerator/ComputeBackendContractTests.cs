using Appliance.Contract;
using Appliance.Kernels.Ilgpu;
using Appliance.Kernels.Scalar;
using Appliance.TestKit;
using Appliance.Tests.Compute;

namespace Appliance.Tests.Accelerator;

/// <summary>What every implementation of the compute port does.</summary>
public class ComputeBackendContractTests
{
    public static TheoryData<ComputeBackendMaker> Backends => ComputeBackendMaker.All;

    [Theory, MemberData(nameof(Backends))]
    public void Results_have_the_bits_of_the_scalar_formula(ComputeBackendMaker maker)
    {
        using IComputeBackend backend = maker.Make();
        foreach (int count in new[] { 0, 1, 3, 8, 17, 1000, 2048 })
            foreach ((double rate, double yield) in new[] { (0.0, 0.0), (0.03, 0.07), (-0.01, 0.0) })
            {
                GreeksBatch batch = CpuGreeksBackendTests.RandomBatch(count, 300 + count, rate, yield, spare: 9);
                Collect(backend, backend.Submit(in batch));
                AssertScalar(in batch, maker);
                for (int i = count; i < count + 9; i++) Assert.Equal(-77, batch.Speed[i]);
            }
    }

    [Theory, MemberData(nameof(Backends))]
    public void Several_batches_may_be_on_their_way_and_are_collected_in_any_order(ComputeBackendMaker maker)
    {
        using IComputeBackend backend = maker.Make();
        for (int round = 0; round < 20; round++)
        {
            GreeksBatch[] batches = [.. Enumerable.Range(0, 5).Select(i => CpuGreeksBackendTests.RandomBatch(10 + 37 * i, 100 * round + i, 0.02, 0.01))];
            long[] tickets = [.. batches.Select(b => backend.Submit(in b))];
            for (int i = batches.Length - 1; i >= 0; i--) Collect(backend, tickets[i]);
            foreach (GreeksBatch batch in batches) AssertScalar(in batch, maker);
            // A ticket that was collected stays collected.
            Assert.All(tickets, t => Assert.True(backend.TryCollect(t)));
        }
    }

    [Theory, MemberData(nameof(Backends))]
    public void One_that_completes_in_the_call_leaves_nothing_to_collect(ComputeBackendMaker maker)
    {
        using IComputeBackend backend = maker.Make();
        GreeksBatch batch = CpuGreeksBackendTests.RandomBatch(100, 4, 0.02, 0.01);
        long ticket = backend.Submit(in batch);
        if (backend.CompletesInCall) Assert.Equal(0, ticket);
        Collect(backend, ticket);
        AssertScalar(in batch, maker);
    }

    [Theory, MemberData(nameof(Backends))]
    public void A_bad_batch_is_refused_and_the_next_is_computed(ComputeBackendMaker maker)
    {
        using IComputeBackend backend = maker.Make();
        GreeksBatch good = CpuGreeksBackendTests.RandomBatch(8, 1, 0, 0);
        GreeksBatch Bad(double spot, double[] years) => new()
        {
            Spot = spot, Rate = 0, Yield = 0, Count = 8, Strike = good.Strike, Years = years, Volatility = good.Volatility, CallPut = good.CallPut,
            Price = good.Price, Delta = good.Delta, Gamma = good.Gamma, Vega = good.Vega, Theta = good.Theta, Speed = good.Speed,
        };
        Assert.Throws<ArgumentException>(() => backend.Submit(Bad(0, good.Years)));
        Assert.Throws<ArgumentException>(() => backend.Submit(Bad(1, new double[7])));
        Collect(backend, backend.Submit(in good));
        AssertScalar(in good, maker);
    }

    [Fact]
    public void The_devices_that_the_contract_ran_on_are_those_of_this_build()
    {
        IReadOnlyList<IlgpuDevice> devices = IlgpuAdapter.Devices();
        if (!IlgpuAdapter.Status.IsBuilt)
        {
            Assert.Empty(devices);
            return;
        }
        // ILGPU's own simulator is everywhere.
        Assert.Contains(devices, d => d.Kind == "cpu" && d.Index == 0);
        Assert.Equal(devices.Count, devices.DistinctBy(d => (d.Kind, d.Index)).Count());
        foreach (IlgpuDevice device in devices)
        {
            using var backend = (DeadlineGreeksBackend)IlgpuAdapter.CreateBackend(new IlgpuOptions { Device = device.Kind, DeviceIndex = device.Index, DeadlineNs = 60_000_000_000 });
            GreeksBatch batch = CpuGreeksBackendTests.RandomBatch(100, 5, 0.02, 0.01);
            Collect(backend, backend.Submit(in batch));
            Assert.Equal((1, 0, 0, 0), (backend.OnDevice, backend.OnProcessor, backend.DeadlinesMissed, backend.SlotsTaken));
            Assert.Contains(device.Name, backend.Name);
        }
    }

    [DeviceFact]
    public void Batches_to_a_kernel_that_never_ends_allocate_nothing()
    {
        using IComputeBackend backend = IlgpuAdapter.CreateBackend(new IlgpuOptions { Device = "cpu", IsPersistent = true, CompletesInCall = true, OptionsMax = 256, DeadlineNs = 60_000_000_000 });
        GreeksBatch batch = CpuGreeksBackendTests.RandomBatch(200, 6, 0.02, 0.01);
        long Allocated(Action action)
        {
            action();
            using var pause = new CollectorPause();
            long before = GC.GetAllocatedBytesForCurrentThread();
            for (int i = 0; i < 20; i++) action();
            return GC.GetAllocatedBytesForCurrentThread() - before;
        }
        Assert.Equal(0, Allocated(() => backend.Submit(in batch)));
        object? kept = null;
        Assert.True(Allocated(() => kept = new object()) >= 480, "The control must be seen to allocate.");
        Assert.NotNull(kept);
    }

    internal static void Collect(IComputeBackend backend, long ticket) => Assert.True(SpinWait.SpinUntil(() => backend.TryCollect(ticket), TimeSpan.FromSeconds(120)));

    internal static void AssertScalar(in GreeksBatch batch, object who)
    {
        for (int i = 0; i < batch.Count; i++)
        {
            OptionGreeks e = BlackScholes.Evaluate(batch.Spot, batch.Strike[i], batch.Years[i], batch.Volatility[i], batch.Rate, batch.Yield, batch.CallPut[i]);
            var a = new OptionGreeks(batch.Price[i], batch.Delta[i], batch.Gamma[i], batch.Vega[i], batch.Theta[i], batch.Speed[i]);
            Assert.True(CpuGreeksBackendTests.SameBits(in e, in a), $"{who}, option {i} of {batch.Count}: {a}, scalar {e}");
        }
    }
}
