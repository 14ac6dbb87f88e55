/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Numbers of the GICv3 that the vGIC shows and the list registers have: Arm IHI 0069, chapters
 * 12.2 (ICC_*), 12.4 (ICH_*), 12.8 and 12.9 (GICD_*), 12.10 and 12.11 (GICR_*).
 */
#ifndef KVM_VGIC_REGS_H
#define KVM_VGIC_REGS_H

/* Frames, bytes. A redistributor is its RD frame, then its SGI frame. */
#define GIC_FRAME_BYTES 0x10000
#define GICD_BYTES GIC_FRAME_BYTES
#define GICR_BYTES (2 * GIC_FRAME_BYTES)

/* Interrupt numbers (2.2.1). */
#define GIC_FIRST_PPI 16
#define GIC_FIRST_SPI 32
#define GIC_INTID_END 1020

/* Offsets in the distributor's frame; those of interrupt bits also in the SGI frame. */
#define GICD_CTLR 0x0000
#define GICD_TYPER 0x0004
#define GICD_IIDR 0x0008
#define GICD_TYPER2 0x000c
#define GICD_STATUSR 0x0010
#define GICD_IGROUPR 0x0080
#define GICD_ISENABLER 0x0100
#define GICD_ICENABLER 0x0180
#define GICD_ISPENDR 0x0200
#define GICD_ICPENDR 0x0280
#define GICD_ISACTIVER 0x0300
#define GICD_ICACTIVER 0x0380
#define GICD_IPRIORITYR 0x0400
#define GICD_ITARGETSR 0x0800
#define GICD_ICFGR 0x0c00
#define GICD_IGRPMODR 0x0d00
#define GICD_NSACR 0x0e00
#define GICD_IROUTER 0x6000
#define GIC_IDREGS 0xffd0
#define GIC_PIDR2 0xffe8

#define GICR_CTLR 0x0000
#define GICR_IIDR 0x0004
#define GICR_TYPER 0x0008
#define GICR_STATUSR 0x0010
#define GICR_WAKER 0x0014
#define GICR_PROPBASER 0x0070
#define GICR_PENDBASER 0x0078

#define GICD_CTLR_ENABLE_GROUPS 0x3 /* EnableGrp0, EnableGrp1 */
#define GICD_CTLR_ARE (1U << 4)
#define GICD_CTLR_DS (1U << 6)
#define GICD_TYPER_IDBITS_10 (9U << 19)
#define GICR_TYPER_LAST (1ULL << 4)
#define GICR_TYPER_NUMBER_SHIFT 8
#define GICR_TYPER_AFFINITY_SHIFT 32
#define GIC_PIDR2_V3 0x3b
#define GICD_IROUTER_AFFINITY 0xffffffULL /* Aff2 to Aff0: GICD_TYPER.A3V is 0 */

/* IIDR as KVM shows it: product 'K', Arm; revisions 1 to 3 can be asked for. */
#define GIC_IIDR_KVM 0x4b00043bU
#define GIC_IIDR_REVISION_SHIFT 12
#define GIC_IIDR_REVISION (0xfU << GIC_IIDR_REVISION_SHIFT)
#define GIC_IIDR_REVISION_FIRST 1
#define GIC_IIDR_REVISION_LAST 3

/* Priorities: 5 bits. */
#define GIC_PRIORITY_MASK 0xf8

/* ICC_SGI0R, ICC_SGI1R, ICC_ASGI1R. */
#define VGIC_SGIR_TARGETS 0xffffULL
#define VGIC_SGIR_AFF1_SHIFT 16
#define VGIC_SGIR_INTID_SHIFT 24
#define VGIC_SGIR_AFF2_SHIFT 32
#define VGIC_SGIR_IRM (1ULL << 40)
#define VGIC_SGIR_RS_SHIFT 44
#define VGIC_SGIR_AFF3_SHIFT 48

/* ICH_LR<n>. */
#define VGIC_LR_INTID 0xffffffffULL
#define VGIC_LR_HW_INTID_SHIFT 32
#define VGIC_LR_EOI (1ULL << 41)
#define VGIC_LR_PRIORITY_SHIFT 48
#define VGIC_LR_GROUP1 (1ULL << 60)
#define VGIC_LR_HW (1ULL << 61)
#define VGIC_LR_PENDING (1ULL << 62)
#define VGIC_LR_ACTIVE (1ULL << 63)
#define VGIC_LR_STATE (VGIC_LR_PENDING | VGIC_LR_ACTIVE)

/* ICH_HCR. */
#define VGIC_HCR_EN (1ULL << 0)
#define VGIC_HCR_UIE (1ULL << 1)
#define VGIC_HCR_LRENPIE (1ULL << 2)
#define VGIC_HCR_NPIE (1ULL << 3)
#define VGIC_HCR_TDIR (1ULL << 14)
#define VGIC_HCR_EOICOUNT_SHIFT 27
#define VGIC_HCR_EOICOUNT_MASK 0x1fULL

/* ICH_VMCR. */
#define VGIC_VMCR_VENG0 (1ULL << 0)
#define VGIC_VMCR_VENG1 (1ULL << 1)
#define VGIC_VMCR_VCBPR (1ULL << 4)
#define VGIC_VMCR_VEOIM (1ULL << 9)
#define VGIC_VMCR_VBPR1_SHIFT 18
#define VGIC_VMCR_VBPR0_SHIFT 21
#define VGIC_VMCR_VBPR_MASK 0x7ULL
#define VGIC_VMCR_VPMR_SHIFT 24
#define VGIC_VMCR_VPMR_MASK 0xffULL

/* ICC_CTLR. */
#define VGIC_CTLR_CBPR (1ULL << 0)
#define VGIC_CTLR_EOIMODE (1ULL << 1)
#define VGIC_CTLR_PRIBITS_SHIFT 8
#define VGIC_CTLR_IDBITS_SHIFT 11
#define VGIC_CTLR_BITS_MASK 0x7ULL
#define VGIC_CTLR_SEIS (1ULL << 14)
#define VGIC_CTLR_A3V (1ULL << 15)
#define VGIC_SRE_SRE 0x1ULL
#define VGIC_SRE_ALL 0x7ULL /* SRE, DFB, DIB */

#endif /* KVM_VGIC_REGS_H */
